"""Table rows of the benchmarks: ours with its 95% interval, the aim, and the rivals."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .episodes import LENGTHS

Data = dict[str, Any]

HEADER = ("| % (95% interval) | ours | aim | blind | text only | random | oracle | n |",
          "|---|---|---|---|---|---|---|---|")


def percent(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.1f}"


def interval(row: Mapping[str, Any]) -> str:
    """Rate (or AUC) and interval of a `share`, in per cent."""
    low, high = row["interval95"]
    figure = row["rate"] if "rate" in row else row["auc"]
    return f"{percent(figure)} ({percent(low)}–{percent(high)})"


def row(
    name: str, ours: Mapping[str, Any], aim: float | None = None,
    base: Mapping[str, Any] | None = None,
) -> str:
    """One row; `base` may hold blind, text_only, random and oracle."""
    rivals = base or {}
    columns = [percent(rivals.get(k)) for k in ("blind", "text_only", "random", "oracle")]
    wanted = "–" if aim is None else f"{aim:g}"
    return f"| {name} | **{interval(ours)}** | {wanted} | {' | '.join(columns)} | {ours['n']} |"


def ranking(data: Data) -> list[str]:
    names = {
        "direct_plain": ("Ranking, goal one action away", 98),
        "direct_held_out": ("… in held-out wording", 88),
        "blocked_pairs_plain": ("Ranking, blocked goals (both scenes of a pair right)", 95),
        "blocked_pairs_held_out": ("… in held-out wording", 88),
    }
    return [row(name, data[key], aim, data[key]["baselines"])
            for key, (name, aim) in names.items()]


def planning(
    name: str, aims: Mapping[str, float], apart: bool = False
) -> Callable[[Data], list[str]]:
    """Rows of a closed-loop result; {lengths} is filled in with those of the world.

    `apart`: also by length, by what was in the way, and for combinations training never showed.
    """
    def rows(data: Data) -> list[str]:
        base = {k: v["success_rate"] for k, v in data["baselines"].items()}
        ours = {"rate": data["success_rate"], "interval95": data["interval95"],
                "n": data["episodes"]}
        lengths = f"1 to {LENGTHS[data['env']][-1]}"
        first = row(name.format(lengths=lengths), ours, aims.get(data["env"]), base)
        return [first, *(_apart(data) if apart and data["env"] == "workbench" else [])]

    return rows


def _apart(data: Data) -> list[str]:
    aims = {"1 to 4": 92, "5 and more": 80}
    lines = [row(f"… of {key} actions", ours, aims.get(key))
             for key, ours in data.get("by_length", {}).items()]
    lines += [row(f"… in the way: {key}", ours, None if key == "nothing" else 80)
              for key, ours in data.get("by_precondition", {}).items()]
    return lines + [row("… with a colour at a place training never showed", ours)
                    for key, ours in data.get("combinations", {}).items() if key == "held out"]


def hidden(data: Data) -> list[str]:
    """A cube that the robot shut away: fetched, and known where it is; "blind" has no memory."""
    base, wiped = data["baselines"], data["baselines"]["wiped"]
    even = {k: base[k]["success_rate"] for k in ("random", "oracle")}
    known = {k: base[k]["said_where"] for k in ("random", "oracle")}
    ours = {"rate": data["success_rate"], "interval95": data["interval95"], "n": data["episodes"]}
    return [
        row("Fetching a cube that the robot shut in the drawer (blind: memory wiped)", ours, None,
            even | {"blind": wiped["success_rate"]}),
        row("… where it is, remembered when the goal arrives", data["remembered"], None,
            known | {"blind": wiped["remembered"]["rate"]}),
    ]


def works(data: Data) -> list[str]:
    base = data["baselines"]
    rows = []
    for where in ("seen", "imagined"):
        for kind, verb in (("working", "do"), ("failing", "do not")):
            rivals = {k: base[k][kind] for k in ("blind", "text_only")}
            rivals |= {k: base[k] for k in ("random", "oracle")}
            rows.append(row(f"Will it work: actions that {verb}, {where}", data[f"{where}_{kind}"],
                            {"scene-v0": 99, "workbench": 95}.get(data["env"]), rivals))
    return rows


def imagined(data: Data) -> list[str]:
    aims = {("scene-v0", "8"): 98, ("workbench", "4"): 95, ("workbench", "8"): 90}
    rows = []
    for depth, ours in data["changed"].items():
        name = f"Read right of what changed after {depth} imagined actions"
        base = {"oracle": 1.0, "random": data["baselines"]["random"]}
        if depth == data.get("figure_depth", "8"):
            base = data["baselines"]
        rows.append(row(name if depth == "1" else f"… after {depth}", ours,
                        aims.get((data["env"], depth)), base))
    return rows


def worldmodel(data: Data) -> list[str]:
    names = {"one_action": "Which of four actions happened (two pictures)",
             "three_actions": "… which of four sequences of three"}
    aims = {"one_action": 97, "three_actions": 90}
    return [row(name, data[key], aims[key], data[key]["baselines"]) for key, name in names.items()]


def goalcheck(data: Data) -> list[str]:
    base = data["baselines"]
    rivals = {k: base[k] for k in ("blind", "text_only", "random", "oracle")}
    held_out = rivals | base["held_out"]
    even = {"random": base["random"], "oracle": base["oracle"]}
    return [
        row("Goal met or not, AUC, seen", data["plain"], 99, rivals),
        row("… in held-out wording", data["held_out"], 97, held_out),
        row("… four imagined actions later", data["plain_imagined_4"], None, even),
    ]


def refusal(data: Data) -> list[str]:
    base = data["baselines"]
    both = {"random": base["random"], "oracle": base["oracle"]}
    must = [kind for kind in data if isinstance(data[kind], dict) and "said" in data[kind]
            and kind != "reachable"]
    words = {"missing_action": "the action is missing", "missing_key": "the key is missing",
             "too_many": "too many for the room"}
    ours = {"rate": data["figure"], "interval95": data["interval95"],
            "n": sum(data[kind]["n"] for kind in must)}
    rows = [row("Refused of what must be, mean over the kinds", ours, 90, base)]
    rows += [row(f"… {words.get(kind, kind)}", data[kind], None, both) for kind in must]
    wrongly = {"rate": base["reachable_refused"]["ours"], "n": data["reachable"]["n"],
               "interval95": data["reachable"]["interval95"]}
    rivals = {k: base["reachable_refused"][k] for k in ("blind", "text_only")}
    rows.append(row("Refused of what can be done (at most 3)", wrongly, None, rivals))
    if pictures := data.get("pictures"):
        rows.append(row("Pictures of something else refused as goals", pictures))
        rows.append(row("… pictures of the own world understood", pictures["own_understood"]))
    return rows


def motion(data: Data) -> list[str]:
    return [
        row("Opening or closing, from a clip mid-way", data["restricted"], 95,
            data["baselines"]),
        row("… the newest frame only", data["one_frame"], None, {"random": 0.5}),
    ]


def surface(data: Data) -> list[str]:
    base = data["baselines"]
    return [
        row("Subjects read right, stock light and paint", data["reading"]["stock"], None,
            {"random": base["random"], "oracle": base["oracle"]}),
        row("… in held-out light and paint", data["reading"]["held_out"], None, base),
    ]


def surface_sentence(data: Data, world: str) -> str:
    """How far light moves the embedding of an unchanged scene."""
    ratio = data["moves"]["held_out_embedding_over_event"]
    return (f"Held-out light and paint ({world}) move the embedding of an unchanged scene by "
            f"{percent(ratio['median'])}% (median; p95 {percent(ratio['p95'])}%) of what an "
            "action moves it.")


def reading(data: Data) -> list[str]:
    names = {
        "held_out_goals": "Held-out goal sentences read exactly right (no picture)",
        "held_out_goals_new_combinations": "… about colours at places never trained together",
        "held_out_compounds": "… with two to five parts",
        "held_out_unrelated": "… unrelated sentences recognised as such",
    }
    base = {"random": data["baselines"]["random"], "oracle": 1.0}
    return [row(name, data[key], None, base) for key, name in names.items() if key in data]
