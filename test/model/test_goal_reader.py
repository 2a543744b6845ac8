"""The goal reader: padding does not matter, word order does when it has layers for it."""

from dataclasses import replace

import pytest
import torch

from vljepa_ros.model.config import ConfigError, ModelConfig, YEncoderConfig
from vljepa_ros.model.y_encoder import GoalReader


def reader(context):
    torch.manual_seed(0)
    base = ModelConfig.tiny()
    part = replace(base.y_encoder, reader_context=context, doubt=True)
    return GoalReader(replace(base, y_encoder=part)).eval()


@pytest.mark.parametrize("context", [0, 2])
def test_padding_changes_nothing(context):
    network, tokens, queries = reader(context), torch.randn(1, 5, 32), torch.randn(3, 16)
    mask = torch.ones(1, 5, dtype=torch.bool)
    padded = torch.cat((tokens, torch.randn(1, 4, 32)), dim=1)
    longer = torch.cat((mask, torch.zeros(1, 4, dtype=torch.bool)), dim=1)
    for one, other in zip(network(tokens, mask, queries), network(padded, longer, queries),
                          strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("context", "sees_order"), [(0, False), (2, True)])
def test_word_order_is_seen_with_context_alone(context, sees_order):
    network, tokens, queries = reader(context), torch.randn(1, 6, 32), torch.randn(3, 16)
    mask = torch.ones(1, 6, dtype=torch.bool)
    turned = tokens[:, [3, 1, 2, 0, 4, 5]]  # the same words, two of them swapped
    difference = (network(tokens, mask, queries)[0] - network(turned, mask, queries)[0]).abs().max()
    assert float(difference) > 1e-4 if sees_order else float(difference) < 1e-5


def test_the_number_of_layers_is_checked():
    assert "reader_context" not in ModelConfig.tiny().to_dict()["y_encoder"]
    with pytest.raises(ConfigError, match="reader_context"):
        YEncoderConfig(reader_context=-1)
