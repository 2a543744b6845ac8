"""vljepa doctor: one screen of what is here, what is wrong, and what to do about it."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vljepa_ros.demo.terminal import Terminal
    from vljepa_ros.doctor.finding import Finding


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = """exit status:
  0    nothing to mend (notes may be meant so)
  1    something to mend; each line says how
"""
    parser.add_argument("--namespace", metavar="NS", default="", help="of the planner's nodes")
    parser.add_argument("--model", metavar="NAME", default="", help="name or folder of the model")
    parser.add_argument("--json", action="store_true", help="print one JSON object and no more")


def main(args: argparse.Namespace) -> int:
    from vljepa_ros.demo.signals import catch_signals
    from vljepa_ros.demo.terminal import Terminal
    from vljepa_ros.doctor.finding import Level

    catch_signals()
    terminal = None if args.json else Terminal()
    found: list[Finding] = []
    for some in _examinations(args):
        found += some
        for finding in some if terminal else ():
            _show(finding, terminal)
    problems = sum(finding.level is Level.FIX for finding in found)
    if terminal is None:
        from .as_json import as_json

        print(as_json({"findings": found, "problems": problems}))
    else:
        words = f"{problems} to mend" if problems else "nothing to mend"
        terminal.line(f"  {words}", "bold red" if problems else "bold green")
    return 1 if problems else 0


def _examinations(args: argparse.Namespace):
    """Lists of findings, one after the other: the slow ones last."""
    from vljepa_ros.doctor import dds, host, robot

    versions = host.versions()
    yield versions
    yield [host.simulator(), host.buffers(), host.shared_memory()]
    if any(finding.what in ("ros", "interfaces") and finding.advice for finding in versions):
        return  # without them nothing below can be looked at
    yield dds.settings()
    yield [host.model(args.model)]
    yield dds.trips()
    yield robot.nodes(args.namespace)


def _show(finding: Finding, terminal: Terminal) -> None:
    from vljepa_ros.doctor.finding import Level

    symbols = terminal.symbols
    mark, style = {
        Level.GOOD: (symbols["good"], "green"),
        Level.NOTE: ("-", ""),
        Level.FIX: (symbols["bad"], "bold red"),
    }[finding.level]
    name = finding.what.removesuffix("_node")
    terminal.line(f"  {terminal.paint(f'{mark:<2}', style)} {name:<15} {finding.found}")
    if finding.advice:
        terminal.line(f"  {'':18} {symbols['chosen']} {finding.advice}", style or "dim")


