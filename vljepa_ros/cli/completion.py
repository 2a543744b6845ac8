"""vljepa completion SHELL: prints what makes the shell complete commands, options and choices."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module

HOW = """to have it always:
  bash   mkdir -p ~/.local/share/bash-completion/completions
         vljepa completion bash > ~/.local/share/bash-completion/completions/vljepa
  zsh    vljepa completion zsh > ~/.zsh_vljepa; echo 'source ~/.zsh_vljepa' >> ~/.zshrc
  fish   mkdir -p ~/.config/fish/completions
         vljepa completion fish > ~/.config/fish/completions/vljepa.fish
"""


@dataclass(frozen=True)
class Option:
    """One option or positional (``names`` empty) with the words it may take."""

    names: tuple[str, ...]
    choices: tuple[str, ...]
    words: str
    takes_value: bool


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = HOW
    parser.add_argument("shell", choices=tuple(SHELLS))


def main(args: argparse.Namespace) -> int:
    print(SHELLS[args.shell](), end="")
    return 0


def commands() -> dict[str, tuple[str, list[Option]]]:
    """Command -> its help line and options, asked of the commands themselves."""
    from .main import COMMANDS

    found = {}
    for name, (module, words) in COMMANDS.items():
        parser = argparse.ArgumentParser()
        import_module(module).add_arguments(parser)
        found[name] = (
            words,
            [
                Option(
                    tuple(action.option_strings),
                    tuple(str(choice) for choice in action.choices or ()),
                    " ".join((action.help or "").split()),
                    action.nargs != 0,
                )
                for action in parser._actions
            ],
        )
    return found


def bash() -> str:
    """A completion function for bash; zsh takes the same."""
    cases, values = [], []
    known = commands()
    for name, (_, options) in known.items():
        words = [word for option in options for word in option.names]
        words += [c for option in options if not option.names for c in option.choices]
        cases.append(f"    {name}) words='{' '.join(words)}' ;;")
        for option in options:
            if option.names and option.choices:
                pattern = "|".join(f"{name}:{word}" for word in option.names)
                values.append(f"    {pattern}) words='{' '.join(option.choices)}' ;;")
    lines = [
        "# made by: vljepa completion bash",
        "_vljepa() {",
        '  local word="${COMP_WORDS[COMP_CWORD]}" before="${COMP_WORDS[COMP_CWORD-1]}" words=',
        '  case "${COMP_WORDS[1]}" in',
        *cases,
        "  esac",
        '  case "${COMP_WORDS[1]}:$before" in',
        *values,
        "    none) ;;",
        "  esac",
        f"  if (( COMP_CWORD == 1 )); then words='{' '.join(known)}'; fi",
        '  COMPREPLY=( $(compgen -W "$words" -- "$word") )',
        "}",
        "complete -o default -F _vljepa vljepa",
    ]
    return "\n".join(lines) + "\n"


def zsh() -> str:
    return f"autoload -U +X compinit bashcompinit && compinit -u && bashcompinit\n{bash()}"


def fish() -> str:
    lines = ["# made by: vljepa completion fish", "complete -c vljepa -n __fish_use_subcommand -f"]
    for name, (words, options) in commands().items():
        lines.append(f"complete -c vljepa -n __fish_use_subcommand -a {name} -d '{_quoted(words)}'")
        for option in options:
            line = f"complete -c vljepa -n '__fish_seen_subcommand_from {name}'"
            for word in option.names:
                line += f" -l {word[2:]}" if word.startswith("--") else f" -s {word[1:]}"
            if option.choices:
                line += f" -x -a '{' '.join(option.choices)}'"
            elif option.names and option.takes_value:
                line += " -r"
            lines.append(f"{line} -d '{_quoted(option.words)}'")
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    return text.replace("\\", "").replace("'", "\\'")


SHELLS: dict[str, Callable[[], str]] = {"bash": bash, "zsh": zsh, "fish": fish}
