"""Parameters with descriptors, and bad values that stop nothing but the configuring.

rclpy raises from ``declare_parameter`` when a params file holds a value of the wrong type or out of
range, which would end the process with a traceback. Here the node comes up with the default, keeps
the complaint as one line, and refuses to configure until the parameter has been set right.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from rcl_interfaces.msg import (
    FloatingPointRange,
    IntegerRange,
    ParameterDescriptor,
    ParameterType,
    SetParametersResult,
)
from rclpy.exceptions import InvalidParameterTypeException, InvalidParameterValueException
from rclpy.node import Node
from rclpy.parameter import Parameter

_TYPES = {
    bool: (ParameterType.PARAMETER_BOOL, "true or false"),
    int: (ParameterType.PARAMETER_INTEGER, "a whole number"),
    float: (ParameterType.PARAMETER_DOUBLE, "a number"),
    str: (ParameterType.PARAMETER_STRING, "text"),
}


class Parameters:
    """The declared parameters of one node; they are read when the node configures."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._choices: dict[str, tuple[str, ...]] = {}
        self._limits: dict[str, str] = {}
        self._complaints: dict[str, str] = {}
        self._declaring = False
        # rclpy declares this one itself, without a word.
        clock = ParameterDescriptor(
            name="use_sim_time",
            type=ParameterType.PARAMETER_BOOL,
            description="Take the time from /clock.",
        )
        node.set_descriptor("use_sim_time", clock)
        node.add_on_set_parameters_callback(self._check)
        node.add_post_set_parameters_callback(self._accepted)

    def declare(
        self,
        name: str,
        default: Any,
        description: str,
        *,
        between: tuple[float, float] | None = None,
        choices: Sequence[str] = (),
    ) -> None:
        """Declare with a descriptor. ``between`` and ``choices`` bound the values."""
        kind, allowed = _TYPES[type(default)]
        descriptor = ParameterDescriptor(name=name, type=kind, description=description)
        if between is not None:
            low, high = between
            allowed = f"{low} to {high}"
            if isinstance(default, float):
                descriptor.floating_point_range = [
                    FloatingPointRange(from_value=float(low), to_value=float(high))
                ]
            else:
                descriptor.integer_range = [IntegerRange(from_value=int(low), to_value=int(high))]
        if choices:
            allowed = ", ".join(choices)
            descriptor.additional_constraints = f"one of: {allowed}"
            self._choices[name] = tuple(choices)
        self._limits[name] = allowed
        self._declare(name, default, descriptor, allowed)

    def __getitem__(self, name: str) -> Any:
        return self._node.get_parameter(name).value

    @property
    def complaint(self) -> str:
        """What is wrong with the values given at start, in one line; "" when nothing is."""
        return "; ".join(self._complaints.values())

    @property
    def unknown(self) -> list[str]:
        """Parameters given at start that this node does not have: a slip of the pen mostly."""
        return sorted(
            name
            for name in self._node._parameter_overrides
            if not self._node.has_parameter(name) and not name.startswith("qos_overrides.")
        )

    def _declare(
        self, name: str, default: Any, descriptor: ParameterDescriptor, allowed: str
    ) -> None:
        node = self._node
        self._declaring = True
        try:
            node.declare_parameter(name, default, descriptor)
        except (InvalidParameterTypeException, InvalidParameterValueException):
            given = node._parameter_overrides.get(name)
            value = given.value if given is not None else None
            if isinstance(default, float) and type(value) is int:  # `rate: 10` is meant as 10.0
                node._parameter_overrides[name] = Parameter(name, value=float(value))
                self._declare(name, default, descriptor, allowed)
                return
            self._complaints[name] = f"parameter {name}: {value!r}; allowed: {allowed}"
            node.declare_parameter(name, default, descriptor, ignore_override=True)
        finally:
            self._declaring = False

    def _check(self, parameters: Iterable[Parameter]) -> SetParametersResult:
        for parameter in parameters:
            choices = self._choices.get(parameter.name)
            if choices and parameter.value not in choices:
                reason = f"parameter {parameter.name}: {parameter.value!r}; allowed: "
                return SetParametersResult(successful=False, reason=reason + ", ".join(choices))
        return SetParametersResult(successful=True)

    def _accepted(self, parameters: Iterable[Parameter]) -> None:
        if not self._declaring:
            for parameter in parameters:
                self._complaints.pop(parameter.name, None)
