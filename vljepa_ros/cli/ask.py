"""vljepa ask: a question about a picture, a recording's last moment, or what the camera sees now.

Exit status: 0 answered, 1 not understood or not to be seen, 2 unusable arguments, 3 nobody answers.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("question", help='in words, e.g. "where is the cube?"')
    parser.add_argument("--image", type=Path, metavar="FILE",
                        help="ask about this picture instead of the running camera")
    parser.add_argument("--choices", metavar="A|B|C", help="answers to choose from")
    parser.add_argument("--model", type=Path,
                        help="name or folder of the model for --image (default: compact)")
    parser.add_argument("--namespace", default="", help="of the running nodes (default: /)")
    parser.add_argument("--timeout", type=float, default=5.0, metavar="S",
                        help="how long to wait for the running nodes (default: 5)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def main(args: argparse.Namespace) -> int:
    choices = [choice.strip() for choice in args.choices.split("|")] if args.choices else []
    if not 0 < args.timeout <= 3600:
        print(f"vljepa ask: --timeout {args.timeout:g}; allowed: 0 to 3600 s", file=sys.stderr)
        return 2
    if not args.question.strip():
        print("vljepa ask: question: empty; allowed: words", file=sys.stderr)
        return 2
    try:
        if args.image is not None:
            found = of_picture(args.image, args.question, choices, args.model)
        else:
            found = _live(args.question, choices, args.namespace, args.timeout)
    except TimeoutError as error:
        print(f"vljepa ask: {error}", file=sys.stderr)
        return 3
    except (ValueError, OSError, RuntimeError) as error:
        print(f"vljepa ask: {error}", file=sys.stderr)
        return 2
    if args.json:
        print(json.dumps(found, default=float))
    else:
        from vljepa_ros.demo.terminal import percent

        print(found["text"])
        scores = found["scores"]
        for choice, score in zip(choices, scores, strict=False):
            print(f"  {100 * score:5.1f}%  {choice}")
        if not choices and found["understood"] and found["visible"]:
            print(f"  ({percent(found['confidence'])} sure)")
    return 0 if found["understood"] and found["visible"] else 1


def of_picture(
    path: Path, question: str, choices: list[str], model: Path | None = None
) -> dict[str, Any]:
    """Fields of `decoding.questions.Answer` for a picture file. Raises ValueError or OSError."""
    import cv2

    from vljepa_ros.bench.worlds import model_folder
    from vljepa_ros.decoding.questions import answer_about, understand
    from vljepa_ros.model.world_model import LatentWorldModel
    from vljepa_ros.planning.sight import contrast

    if not path.is_file():
        raise ValueError(f"--image '{path}' does not exist")
    bgr = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if bgr is None:
        raise ValueError(f"--image '{path}' is no picture that decodes")
    picture = bgr[..., ::-1]
    world = LatentWorldModel.load(model_folder(model))
    asked = understand(world, question, choices)
    states = world.encode(picture.transpose(2, 0, 1)[None])
    answers = world.read(states, world.vocabulary.queries)[0]
    return asdict(answer_about(asked, world.vocabulary, answers, contrast(picture)))


def _live(
    question: str, choices: list[str], namespace: str, timeout: float
) -> dict[str, Any]:
    """The same from the service `ask`. Raises TimeoutError when nobody offers it."""
    import rclpy

    from vljepa_msgs.srv import Ask

    rclpy.init()
    try:
        node = rclpy.create_node("vljepa_ask", namespace=namespace)
        client = node.create_client(Ask, "ask")
        if not client.wait_for_service(timeout_sec=timeout):
            raise TimeoutError(
                f"nobody offers {client.srv_name} (waited {timeout:g} s); start the nodes, or give "
                "a picture with --image"
            )
        future = client.call_async(Ask.Request(question=question, choices=choices))
        rclpy.spin_until_future_complete(node, future, timeout_sec=timeout)
        if not future.done():
            raise TimeoutError(f"{client.srv_name} did not answer within {timeout:g} s")
        reply = future.result()
        node.destroy_node()
    finally:
        rclpy.try_shutdown()
    if not reply.success:
        raise ValueError(reply.message)
    return {
        "text": reply.answer, "confidence": float(reply.confidence),
        "understood": reply.understood, "visible": reply.visible, "subject": reply.subject,
        "statement_id": reply.statement_id, "scores": [float(score) for score in reply.scores],
    }
