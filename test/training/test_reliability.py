"""The figures in a model's card: what they count, and where they are written."""

import numpy as np

from vljepa_ros.training.reliability import BEGIN, END, Cases, table, write_card


def cases():
    values = np.array([0.95, 0.9, 0.6, 0.4, 0.2])
    truth = np.array([True, True, False, True, False])
    return [Cases("reading", "it is read right", values, truth, 0.5),
            Cases("`met_threshold`", "it holds", 1 - values, truth, 0.5, low=True,
                  probability=False)]


def test_yes_no_and_found_are_counted_apart():
    for case, calibrated in zip(cases(), (True, False), strict=True):
        cells = [cell.strip() for cell in case.row().strip("|").split("|")]
        assert cells[3] == "5"
        assert [cell.split()[0] for cell in cells[4:7]] == ["66.7", "50.0", "66.7"]
        assert (cells[7] != "-") == calibrated
    # |0.95 + 0.9 - 2| + 0.6 + |0.4 - 1| + 0.2, over 5 cases in bins of a tenth
    assert cases()[0].row().rstrip(" |").endswith(f"{(0.15 + 0.6 + 0.6 + 0.2) / 5:.3f}")


def test_a_side_that_was_never_taken_has_no_share():
    row = Cases("x", "y", np.array([0.9]), np.array([True]), 0.5).row()
    assert "| - |" in row and "100.0" in row


def test_the_card_keeps_its_words_and_gets_the_table_once(tmp_path):
    card = tmp_path / "README.md"
    card.write_text("# Model card: x\n\nWritten by hand.\n")
    write_card(tmp_path, cases())
    once = card.read_text()
    assert once.startswith("# Model card: x\n\nWritten by hand.\n") and table(cases()) in once
    card.write_text(once.replace("| 5 |", "| 4 |") + "\nMore by hand.\n")
    write_card(tmp_path, cases())
    again = card.read_text()
    assert again.count(BEGIN) == again.count(END) == 1 and again.endswith("More by hand.\n")
    assert "| 4 |" not in again and table(cases()) in again


def test_a_model_without_a_card_gets_one(tmp_path):
    write_card(tmp_path, cases())
    assert (tmp_path / "README.md").read_text().startswith("# Model card: ")
