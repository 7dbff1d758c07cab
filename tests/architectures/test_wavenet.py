"""WaveNet: its field, its codes and their error, and sound made step by step with queues."""

import math

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

from cnncourse.analysis.counting import count_macs, count_parameters
from cnncourse.analysis.receptive_field import receptive_field
from cnncourse.architectures import wavenet
from cnncourse.training import set_seed


@pytest.fixture(autouse=True)
def seeded():
    set_seed(0)


def codes_of(*shape: int) -> torch.Tensor:
    return torch.randint(16, shape)


@pytest.mark.parametrize("name", ["wavenet", "tiny"])
def test_counts_and_field_stand_in_the_docstring(name):
    model = getattr(wavenet, name)()
    codes = torch.zeros(1, model.field, dtype=torch.int64)
    for count in (count_parameters(model).total, count_macs(model, codes), model.field):
        assert f"{count:,}" in getattr(wavenet, name).__doc__


def test_the_forward_pass_is_the_paper_s_written_out():
    model = wavenet.tiny().double()
    codes = codes_of(2, 40)
    with torch.no_grad():
        x = F.one_hot(codes, 16).double() @ model.embedding.weight
        total = torch.zeros(2, 40, 16, dtype=torch.float64)
        for block in model.stack.blocks:
            d = block.dilated.dilation[0]
            past = torch.cat([torch.zeros(2, d, 8, dtype=torch.float64), x[:, :-d]], dim=1)
            a = past @ block.dilated.weight[:, :, 0].T + x @ block.dilated.weight[:, :, 1].T
            a = a + block.dilated.bias
            z = torch.tanh(a[..., :8]) * torch.sigmoid(a[..., 8:])
            total = total + z @ block.skip.weight[:, :, 0].T + block.skip.bias
            x = x + z @ block.residual.weight[:, :, 0].T + block.residual.bias
        y = total.relu() @ model.head[1].weight[:, :, 0].T + model.head[1].bias
        y = y.relu() @ model.head[3].weight[:, :, 0].T + model.head[3].bias
        torch.testing.assert_close(model(codes), y.mT, rtol=1e-12, atol=1e-12)


def test_the_field_is_one_and_the_sum_of_the_rates():
    model = wavenet.tiny().double()
    assert model.field == 1 + 2 * (1 + 2 + 4 + 8)
    assert receptive_field(model.stack, (1, 8, 60)).size == (31,)
    x = torch.randn(1, 8, 60, dtype=torch.float64, requires_grad=True)
    (gradient,) = torch.autograd.grad(model.stack(x)[0, :, 50].sum(), x)
    seen = gradient[0].abs().sum(0).nonzero().flatten()
    assert (seen[0], seen[-1]) == (20, 50)


def test_no_score_changes_with_the_samples_after_it():
    model = wavenet.tiny()
    codes = codes_of(2, 50)
    other = torch.cat([codes[:, :30], 15 - codes[:, 30:]], dim=1)
    a, b = model(codes), model(other)
    torch.testing.assert_close(a[:, :, :30], b[:, :, :30])
    assert not torch.allclose(a[:, :, 30], b[:, :, 30])


def test_step_by_step_the_scores_are_those_of_the_whole_sound():
    model = wavenet.tiny().double()
    codes = codes_of(3, 70)
    stream = wavenet.Stream(model, batch_size=3)
    steps = torch.stack([stream.step(codes[:, t]) for t in range(70)], dim=2)
    with torch.no_grad():
        torch.testing.assert_close(steps, model(codes), rtol=1e-12, atol=1e-12)
    assert [len(queue) for queue in stream.queues] == [1, 2, 4, 8] * 2  # and no longer than before


def test_queues_draw_the_same_samples_as_computing_everything_anew():
    model = wavenet.tiny().double()
    start = codes_of(2, 5)
    drawn = wavenet.generate(model, start, 60, torch.Generator().manual_seed(3))
    generator = torch.Generator().manual_seed(3)
    codes = start
    with torch.no_grad():
        for _ in range(60):
            chances = model(codes)[:, :, -1].softmax(1)
            codes = torch.cat([codes, torch.multinomial(chances, 1, generator=generator)], dim=1)
    assert torch.equal(drawn, codes)


def test_nothing_is_generated_from_nothing():
    with pytest.raises(ValueError, match=r"T at least 1, got \(1, 0\)"):
        wavenet.generate(wavenet.tiny(), torch.zeros(1, 0, dtype=torch.int64), 3)


@given(st.floats(-1, 1), st.sampled_from([16, 64, 256]))
def test_coding_errs_by_half_a_level_times_the_slope_at_most(value, num_codes):
    mu = num_codes - 1
    sound = torch.tensor(value)
    code = wavenet.encode(sound, num_codes)
    assert 0 <= code <= mu
    back = wavenet.decode(code, num_codes)
    larger = max(abs(value), abs(back.item()))
    bound = math.log1p(mu) * (1 + mu * larger) / mu**2
    assert abs(back.item() - value) <= bound * (1 + 1e-4) + 1e-6


def test_a_soft_sound_is_coded_finer_than_even_levels_would():
    sound = torch.linspace(-0.01, 0.01, 1001)
    error = (wavenet.decode(wavenet.encode(sound)) - sound).abs().max()
    assert error < 0.1 * (1 / 255)  # half of an even level


def test_every_code_stands_for_a_sound_with_that_code():
    codes = torch.arange(256)
    assert torch.equal(wavenet.encode(wavenet.decode(codes)), codes)


def test_sizes_below_one_are_refused():
    with pytest.raises(ValueError, match="num_classes must be at least 1, got 0"):
        wavenet.wavenet(num_classes=0)


def test_it_learns_a_melody_by_heart():
    model = wavenet.tiny()
    codes = torch.tensor([3, 7, 1, 12, 7, 7, 0, 9]).repeat(8)[None]
    optimizer = torch.optim.Adam(model.parameters(), 0.01)
    for _ in range(80):
        loss = F.cross_entropy(model(codes)[:, :, :-1], codes[:, 1:])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss < 0.3
    continued = wavenet.generate(model, codes[:, :32], 16, torch.Generator().manual_seed(0))
    assert (continued[0, 32:] == codes[0, :16]).float().mean() > 0.7
