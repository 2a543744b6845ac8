"""A recording as a demo leaves it, without a demo."""

import cv2
import numpy as np

from vljepa_ros.demo.recording import Execution, Line, Look, Recording, Row, Verdict


def rows():
    texts = ("press the left button", "open the drawer", "close the drawer", "open the window",
             "put the cube at the front middle of the table", "wait", "close the window")
    return tuple(
        Row(text.replace(" ", "_"), text, 1.0 + 0.1 * i, 0.98 if i < 4 else 0.03,
            "the drawer is unlocked" if i == 0 else "nothing changes")
        for i, text in enumerate(texts)
    )


def look(at=0.5, chosen="press_the_left_button", status="OK", step=1):
    return Look(at, step, status, "", 1.98, rows(), chosen, ("press the left button",), 120.0)


def recording(seconds=3.0):
    out = Recording(goal="put the cube in the drawer and shut it", threshold=0.3)
    out.understood = ("the cube is in the drawer", "the drawer is closed")
    for i in range(int(seconds * 10)):
        picture = np.full((96, 96, 3), (0, 0, 40 + 6 * i), np.uint8)  # BGR: getting redder
        out.frames.append((i / 10, cv2.imencode(".jpg", picture)[1].tobytes()))
        out.distances.append((i / 10, 2.0 - 2.0 * i / 10 / seconds))
        out.changes.append((i / 10, 0.8 if i == 12 else 0.01))
    out.spoken.append(Line(0.0, 0.0, "The drawer is closed and the window is closed."))
    out.spoken.append(Line(1.6, 1.2, "The drawer is unlocked now (it was locked)."))
    out.looks.append(look())
    done = Execution("press_the_left_button", "press the left button", 0.6, 2.0, "SUCCEEDED", "ok")
    done.progress.append((0.8, 0.2, "approach"))
    out.executions.append(done)
    out.looks.append(look(2.4, "", "MET", 2))
    out.verdict = Verdict(seconds, True, "goal met in 1 action, confirmed by the simulator")
    return out
