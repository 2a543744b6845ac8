"""vljepa doctor: findings with what to do, and the exit status."""

from __future__ import annotations

import json

import pytest
from rclpy.parameter import Parameter

from vljepa_ros.doctor import dds, host, robot
from vljepa_ros.doctor.finding import Level
from vljepa_ros.nodes import middleware
from vljepa_ros.watch.view import Report


def test_two_processes_find_each_other_and_images_pass():
    found = {finding.what: finding for finding in dds.trips()}
    assert list(found) == ["discovery", "messages", "images"]
    assert found["discovery"].level is Level.GOOD and found["messages"].level is Level.GOOD
    assert "0% lost" in found["images"].found


def test_the_report_names_nodes_and_camera_and_the_status_is_0(planner, vljepa, namespace, probe):
    done = vljepa("doctor", "--json", "--namespace", namespace)
    report = json.loads(done.out)
    found = {finding["what"]: finding for finding in report["findings"]}
    assert done.status == (1 if report["problems"] else 0)
    assert found["planner_node"]["level"] == "GOOD"
    assert found["decoder_node"]["level"] == "NOTE"  # it does not run in this test
    assert found["camera"]["level"] == "GOOD" and "reliable" in found["camera"]["found"]
    assert "toy" not in found["model"]["found"] and found["model"]["level"] == "GOOD"
    assert all(finding["advice"] for finding in report["findings"] if finding["level"] == "FIX")


def test_a_node_with_a_problem_is_reported_with_its_words(launch, vljepa, namespace):
    from vljepa_ros.nodes.decoder_node import DecoderNode

    spinner = launch(DecoderNode, {"floor": -1.0})
    (finding,) = [f for f in robot.nodes(namespace) if f.what == "decoder_node"]
    assert finding.level is Level.FIX and "parameter floor: -1.0" in finding.found
    spinner.run(lambda: spinner.node.set_parameters([Parameter("floor", value=0.2)]))


def test_a_domain_out_of_range_and_a_profile_that_is_not_there(monkeypatch):
    monkeypatch.setenv("ROS_DOMAIN_ID", "300")
    monkeypatch.setenv(middleware.VARIABLE, "/nowhere.xml")
    domain, profile = dds.settings()
    assert domain.level is Level.FIX and "allowed: 0 to 101" in domain.advice
    assert profile.level is Level.FIX and "/nowhere.xml" in profile.found


def test_a_lossy_camera_gets_the_line_that_mends_it():
    values = {"images (Hz)": "12.0", "images lost (%)": "58.0", "reliability": "best_effort"}
    finding = robot._camera(Report(1, "", values, 0.0), [])
    assert finding.level is Level.FIX
    assert finding.advice.startswith("start the camera with FASTRTPS_DEFAULT_PROFILES_FILE=/")
    finding = robot._camera(Report(1, "no image on /image yet", {}, 0.0), ["/front/image_raw"])
    assert finding.level is Level.FIX and "/front/image_raw" in finding.advice


def test_an_unknown_model_lists_those_that_are_here():
    finding = host.model("huge")
    assert finding.level is Level.FIX and "'huge'; allowed: compact" in finding.found


@pytest.mark.parametrize("name", ["versions", "simulator", "buffers", "shared_memory"])
def test_the_host_is_fit_for_these_tests(name):
    found = getattr(host, name)()
    for finding in found if isinstance(found, list) else [found]:
        assert finding.level is not Level.FIX, finding
