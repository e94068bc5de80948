"""Metrics are pure functions of feature matrices, equal to what other libraries answer."""

import json
from pathlib import Path

import metric_inputs as inputs
import numpy as np
import pytest
import torch
from torchmetrics.image.fid import FrechetInceptionDistance
from torchmetrics.image.inception import InceptionScore
from torchmetrics.image.kid import KernelInceptionDistance

from synclab.errors import UserError
from synclab.metrics import columns
from synclab.metrics.extractors.inception import clean_resize
from synclab.metrics.formulas.clip_score import alignment, concealment, similarity
from synclab.metrics.formulas.fid import deal as deal_parts
from synclab.metrics.formulas.fid import frechet_distance, frechet_distance_infinity
from synclab.metrics.formulas.giqa import giqa
from synclab.metrics.formulas.inception_score import inception_score
from synclab.metrics.formulas.jackknife import Estimate, deal
from synclab.metrics.formulas.kid import (
    kernel,
    kernel_distance,
    kernel_distance_of_prompts,
    kernel_distance_of_subsets,
)
from synclab.metrics.formulas.lpips import background_distance, distance, intra_distance
from synclab.metrics.formulas.precision_recall import covered
from synclab.metrics.formulas.seam import frame_ratio, seam_ratio
from synclab.metrics.formulas.style import gram, intra_style

ORACLES = json.loads((Path(__file__).parent / "metric_oracles.json").read_text())
X, Y = inputs.features(90, 32, 1, shift=0.3), inputs.features(70, 32, 2)
SETS = [(90, 70, 32), (20, 30, 64), (30, 20, 64), (24, 24, 16), (40, 200, 64)]


def equal(actual: float, expected: float, relative: float = 1e-9) -> None:
    assert actual == pytest.approx(expected, rel=relative, abs=1e-12)


def small_features(seed: int) -> np.ndarray:
    """The 24 images through clean-fid's resize and the small network."""
    resized = clean_resize(torch.from_numpy(inputs.images(seed)))
    return inputs.SmallNetwork()(resized).numpy()


def plain_features(seed: int) -> torch.Tensor:
    return inputs.SmallNetwork()(torch.from_numpy(inputs.images(seed)))


# --- Frechet distance ---


def direct_frechet_distance(x: np.ndarray, y: np.ndarray) -> float:
    """The definition, with the eigenvalues of the product of both covariances."""
    s1, s2 = np.cov(x, rowvar=False), np.cov(y, rowvar=False)
    roots = np.sqrt(np.linalg.eigvals(s1 @ s2).real.clip(0)).sum()
    shift = ((x.mean(0) - y.mean(0)) ** 2).sum()
    return float(shift + s1.trace() + s2.trace() - 2 * roots)


@pytest.mark.parametrize(("n", "m", "d"), SETS)
def test_low_rank_form_is_the_definition(n: int, m: int, d: int) -> None:
    x, y = inputs.features(n, d, 1, shift=0.2), inputs.features(m, d, 2)
    equal(frechet_distance(x, y), direct_frechet_distance(x, y), 1e-6)


def test_fid_is_torchmetrics() -> None:
    metric = FrechetInceptionDistance(feature=inputs.SmallNetwork(), normalize=False)
    for seed, real in ((1, False), (2, True)):
        metric.update(torch.from_numpy(inputs.images(seed)), real=real)
    own = frechet_distance(plain_features(1).numpy(), plain_features(2).numpy())
    equal(own, float(metric.compute()), 1e-5)


def test_fid_is_clean_fid_and_torch_fidelity() -> None:
    equal(frechet_distance(X, Y), ORACLES["features"]["fid clean-fid"], 1e-7)
    found = ORACLES["images"]
    equal(frechet_distance(small_features(1), small_features(2)), found["fid clean-fid"], 1e-5)
    plain = frechet_distance(plain_features(1).numpy(), plain_features(2).numpy())
    equal(plain, found["frechet_inception_distance torch-fidelity"], 1e-5)


@pytest.mark.parametrize(("n", "d"), [(90, 32), (20, 64)])
def test_fid_of_a_set_with_itself_is_zero(n: int, d: int) -> None:
    x = inputs.features(n, d, 1)
    assert abs(frechet_distance(x, x)) < 1e-6


def test_extrapolation_takes_the_bias_away() -> None:
    x, y = inputs.features(600, 32, 1), inputs.features(600, 32, 2)
    biased, extrapolated = frechet_distance(x, y), infinity(x, y)
    assert biased > 1 and abs(extrapolated) < biased / 3


def infinity(x: np.ndarray, y: np.ndarray) -> float:
    """Of images that share one prompt."""
    return frechet_distance_infinity(x, y, ["a"] * len(x), ["a"] * len(y), seed=1)


def of_prompts(seed: int) -> np.ndarray:
    """Ten images of each of five prompts that differ much."""
    prompts = 3 * np.random.RandomState(5000).randn(5, 32)
    return prompts.repeat(10, 0) + inputs.features(50, 32, seed)


FIVE = [prompt for prompt in "abcde" for _ in range(10)]


def test_parts_share_out_each_prompt() -> None:
    parts = deal_parts(FIVE, 3, np.random.default_rng(0))
    assert sorted(row for part in parts for row in part) == list(range(50))
    for part in parts:
        counts = [sum(FIVE[row] == prompt for row in part) for prompt in "abcde"]
        assert max(counts) - min(counts) <= 1


def test_extrapolation_stays_near_zero_for_equal_prompts() -> None:
    x, y = of_prompts(1), of_prompts(2)
    own = frechet_distance_infinity(x, y, FIVE, FIVE)
    assert abs(own) < frechet_distance(x, y) / 2 < abs(infinity(x, y))


# --- Kernel distance ---


def direct_kernel_distance(x: np.ndarray, y: np.ndarray) -> float:
    def k(a: np.ndarray, b: np.ndarray) -> float:
        return float(a @ b / len(a) + 1) ** 3

    within = [np.mean([k(a, b) for a in s for b in s if a is not b]) for s in (list(x), list(y))]
    return float(np.sum(within) - 2 * np.mean([k(a, b) for a in x for b in y]))


def test_kid_is_the_definition() -> None:
    equal(kernel_distance(X[:20], Y[:15]), direct_kernel_distance(X[:20], Y[:15]))


def test_kid_is_torchmetrics() -> None:
    x, y = torch.from_numpy(X[:70]), torch.from_numpy(Y)
    identity = torch.nn.Identity()
    metric = KernelInceptionDistance(feature=identity, subsets=1, subset_size=70)
    metric.update(x, real=False)
    metric.update(y, real=True)
    equal(kernel_distance(x, y), float(metric.compute()[0]), 1e-6)


def test_kid_is_clean_fid_and_torch_fidelity() -> None:
    subsets = kernel_distance_of_subsets(X, Y, subsets=20, size=50, seed=11)
    equal(subsets, ORACLES["features"]["kid of subsets clean-fid"])
    expected = ORACLES["images"]["kernel_inception_distance_mean torch-fidelity"]
    equal(kernel_distance(plain_features(1), plain_features(2)), expected, 1e-5)


def test_kid_of_subsets_as_large_as_the_sets_is_kid() -> None:
    equal(kernel_distance_of_subsets(X[:70], Y, subsets=1), kernel_distance(X[:70], Y))


def test_kid_of_one_prompt_is_kid() -> None:
    equal(kernel_distance_of_prompts(X, Y, ["a"] * 90, ["a"] * 70), kernel_distance(X, Y))


def test_kid_of_prompts_is_the_mean_over_pairs_of_prompts() -> None:
    x, y, labels = X[:9], Y[:9], list("aabbbcccc")
    own = np.array(labels)

    def mean(a: np.ndarray, b: np.ndarray, one: str, two: str) -> float:
        values = kernel(a[own == one], b[own == two])
        if a is not b or one != two:
            return float(values.mean())
        return float((values.sum() - values.trace()) / (len(values) * (len(values) - 1)))

    def block(a: np.ndarray, b: np.ndarray) -> float:
        return float(np.mean([mean(a, b, one, two) for one in "abc" for two in "abc"]))

    expected = block(x, x) + block(y, y) - 2 * block(x, y)
    equal(kernel_distance_of_prompts(x, y, labels, labels), expected)


def test_kid_of_equal_prompts_is_below_zero_unless_they_are_told_apart() -> None:
    pairs = [(of_prompts(seed), of_prompts(seed + 1)) for seed in range(2000, 2080, 2)]
    plain = [kernel_distance(x, y) for x, y in pairs]
    told = [kernel_distance_of_prompts(x, y, FIVE, FIVE) for x, y in pairs]
    error = np.std(told) / np.sqrt(len(pairs))
    assert abs(np.mean(told)) < 3 * error and np.mean(plain) < -10 * error


# --- Inception Score ---


@pytest.mark.parametrize("classes", [2, 10, 18])
@pytest.mark.parametrize("logit", [30.0, 1000.0])
def test_one_hot_answers_score_the_number_of_classes(classes: int, logit: float) -> None:
    equal(inception_score(logit * np.eye(classes).repeat(3, 0)), classes)


def test_equal_answers_score_one() -> None:
    equal(inception_score(np.tile(X[0], (20, 1)), splits=4), 1)


def test_is_is_torch_fidelity() -> None:
    logits = inputs.features(95, 12, 3)
    for splits in (1, 10):
        expected = ORACLES["features"][f"is_{splits} torch-fidelity"]
        equal(inception_score(logits, splits), expected)
    of_images = ORACLES["images"]["inception_score_mean torch-fidelity"]
    equal(inception_score(plain_features(1), splits=10), of_images, 1e-6)


def test_is_is_torchmetrics() -> None:
    logits = torch.from_numpy(inputs.features(90, 12, 3))
    metric = InceptionScore(feature=torch.nn.Identity(), splits=1)
    metric.update(logits)
    equal(inception_score(logits), float(metric.compute()[0]), 1e-6)


# --- GIQA, precision and recall ---


@pytest.mark.parametrize("k", [1, 8])
def test_giqa_is_the_sum_of_inverse_distances(k: int) -> None:
    expected = [np.sort(1 / np.abs(Y - x).sum(1))[-k:].sum() for x in X]
    np.testing.assert_allclose(giqa(X, Y, k), expected, rtol=1e-12)


def test_giqa_refuses_overlapping_sets() -> None:
    with pytest.raises(UserError, match="giqa: 2 images are in the reference set too"):
        giqa(X, np.concatenate([Y, X[3:5]]), 1)


def test_precision_and_recall_are_torch_fidelitys() -> None:
    x, y = plain_features(1), plain_features(2)
    equal(covered(x, y).mean(), ORACLES["images"]["precision torch-fidelity"])
    equal(covered(y, x).mean(), ORACLES["images"]["recall torch-fidelity"])


def test_a_collapsed_set_has_precision_without_recall() -> None:
    collapsed = Y[:1] + 1e-3 * X
    assert covered(collapsed, Y).mean() == 1 and covered(Y, collapsed).mean() < 0.05


# --- CLIP score ---


def test_similarity_is_the_cosine_times_100() -> None:
    texts = np.array([[1.0, 0.0], [1.0, 1.0]])
    expected = [[100, 100 / np.sqrt(2)], [0, 100 / np.sqrt(2)]]
    np.testing.assert_allclose(similarity([[3.0, 0.0], [0.0, 2.0]], texts), expected, atol=1e-12)


def test_a_cosine_below_zero_stays_below_zero() -> None:
    """No clamp, as in StochSync's code: CLIPScore of Hessel et al. is another score."""
    expected = [[-100, -100 / np.sqrt(2)]]
    np.testing.assert_allclose(similarity([[-2.0, 0.0]], [[1.0, 0.0], [1.0, 1.0]]), expected)


def test_alignment_and_concealment() -> None:
    cosines = np.array([[0.3, 0.1], [0.2, 0.25]])
    equal(alignment(cosines), 0.25)
    rows = [1 / (1 + np.exp((b - a) / 0.07)) for a, b in ((0.3, 0.1), (0.25, 0.2))]
    columns = [1 / (1 + np.exp((b - a) / 0.07)) for a, b in ((0.3, 0.2), (0.25, 0.1))]
    equal(concealment(cosines), float(np.mean([rows, columns])))
    equal(concealment(np.full((3, 3), 0.2)), 1 / 3)


# --- LPIPS and style ---


def test_lpips_is_lpips() -> None:
    found = distance(inputs.stack(1), inputs.stack(2), inputs.heads())
    np.testing.assert_allclose(found, ORACLES["lpips"], rtol=1e-5)


def test_lpips_is_the_definition() -> None:
    layers = [inputs.stack(seed)[1].double().numpy() for seed in (1, 2)]
    a, b = (layer / np.linalg.norm(layer, axis=1)[:, None] for layer in layers)
    found = distance(inputs.stack(1)[1:2], inputs.stack(2)[1:2])
    np.testing.assert_allclose(found, ((a - b) ** 2).sum(1).mean((1, 2)), rtol=1e-5)


def test_the_background_alone_counts() -> None:
    random = torch.Generator().manual_seed(0)
    source, edited = (torch.rand(2, 3, 8, 8, generator=random) for _ in range(2))
    mask = torch.zeros(2, 1, 8, 8)
    mask[..., :4] = 1
    edited[..., 4:] = source[..., 4:]
    assert background_distance(lambda x: [x], source, edited, mask).abs().max() == 0
    assert background_distance(lambda x: [x], source, edited, 1 - mask).min() > 0


def test_intra_distances_are_means_over_all_pairs() -> None:
    crops, pairs = inputs.stack(1), ((0, 1), (0, 2), (1, 2))
    one = [[layer[i : i + 1] for layer in crops] for i in range(3)]
    distances = [float(distance(one[i], one[j])) for i, j in pairs]
    equal(intra_distance(crops), float(np.mean(distances)), 1e-6)
    styles = [[gram(layer) for layer in crop] for crop in one]
    errors = [
        sum(float((a - b).square().mean()) for a, b in zip(styles[i], styles[j], strict=True))
        for i, j in pairs
    ]
    equal(intra_style(crops), float(np.mean(errors)), 1e-6)


def test_a_gram_matrix_is_the_mean_product_of_channels() -> None:
    """F F^T over channels times pixels, as SyncDiffusion's code."""
    layer = torch.tensor([[[[1.0, 2.0]], [[3.0, 4.0]]]])
    torch.testing.assert_close(gram(layer), torch.tensor([[[5.0, 11.0], [11.0, 25.0]]]) / 4)


def test_equal_crops_have_no_distance() -> None:
    same = [layer[:1].expand(4, -1, -1, -1) for layer in inputs.stack(1)]
    assert intra_distance(same) == 0 and intra_style(same) == 0


# --- Seams ---


def ramp(width: int = 64) -> torch.Tensor:
    return torch.linspace(0, 1, width).expand(3, 8, width)


def test_a_ramp_has_no_seam_but_at_its_open_ends() -> None:
    equal(seam_ratio(ramp(), [16, 32], closed=False), 1, 1e-5)
    assert seam_ratio(ramp(), [0], closed=True) > 50


def test_a_step_is_a_seam_where_it_is() -> None:
    image = ramp().clone()
    image[..., 32:] -= 0.4
    assert seam_ratio(image, [32], closed=True) > 20
    equal(seam_ratio(image, [16], closed=True), 1, 1e-5)


def test_a_closed_image_has_the_same_seams_when_it_is_turned() -> None:
    image = torch.rand(3, 8, 64, generator=torch.Generator().manual_seed(0))
    turned = seam_ratio(image.roll(10, -1), [10], closed=True)
    equal(seam_ratio(image, [0], closed=True), turned)


def test_the_border_of_a_pasted_square_is_a_seam_at_all_sides() -> None:
    flat = torch.rand(3, 64, 64, generator=torch.Generator().manual_seed(0)) * 0.1
    pasted = flat.clone()
    pasted[:, 16:48, 16:48] += 0.5
    assert frame_ratio(flat, 32) == pytest.approx(1, abs=0.1)
    assert frame_ratio(pasted, 32) == pytest.approx(frame_ratio(pasted.mT, 32))
    assert frame_ratio(pasted, 32) > 10
    assert frame_ratio(pasted, 10) == pytest.approx(1, abs=0.2)


@pytest.mark.parametrize("closed", [False, True])
def test_a_seam_is_compared_with_two_to_eight_columns_at_both_sides(closed: bool) -> None:
    """A gradient of 1/2 at the border, 1/4 beside it, and steep columns that do not count."""
    steep = torch.full((64,), 1.0)
    steep[20], steep[[*range(12, 19), *range(22, 29)]] = 0.5, 0.25
    image = torch.cat([torch.zeros(1), (steep[1:] * (-1) ** torch.arange(63)).cumsum(0)])
    equal(seam_ratio(image.expand(3, 4, 64), [20], closed), (0.5 + 1e-4) / (0.25 + 1e-4), 1e-5)


def test_a_blank_image_has_ratio_one() -> None:
    equal(seam_ratio(torch.zeros(3, 4, 32), [0, 16], closed=True), 1)


# --- Errors over prompts ---


def test_jackknife_of_a_mean_is_its_standard_error() -> None:
    values = X[:, 0]
    without = tuple(float(np.delete(values, i).mean()) for i in range(len(values)))
    error = Estimate(float(values.mean()), without).error
    equal(error or 0.0, values.std(ddof=1) / np.sqrt(len(values)))


def test_paired_differences_forget_what_both_share() -> None:
    shared, offset = X[:, 0], 1e-3 * Y[:70, 0]
    first = Estimate(2.0, tuple(shared[:70] + offset))
    second = Estimate(1.5, tuple(shared[:70]))
    assert (first - second).value == 0.5
    assert ((first - second).error or 1.0) < 0.01 * (second.error or 0.0)


def test_one_prompt_has_no_error() -> None:
    assert Estimate(1.0, (1.0,)).error is None


def test_groups_share_out_all_prompts() -> None:
    prompts = ["c", "a", "b", "a", "d"]
    assert deal(prompts, None) == [frozenset(p) for p in "abcd"]
    assert deal(prompts, 3) == [frozenset("ad"), frozenset("b"), frozenset("c")]


# --- What tables print ---


def test_kid_and_giqa_are_printed_times_1000() -> None:
    """As in StochSync's and SyncTweedies' tables; other scores as they are."""
    scaled = (columns.KID, columns.PromptKID, columns.SubsetKID, columns.CMMD, columns.GIQA)
    assert {kind.scale for kind in scaled} == {1000}
    plain = (columns.FID, columns.InceptionScore, columns.ClipScore, columns.SeamRatio)
    assert {kind.scale for kind in plain} == {1}


# --- What all of them promise ---

METRICS = {
    "fid": frechet_distance,
    "fid_inf": infinity,
    "kid": kernel_distance,
    "giqa": lambda x, y: giqa(x, y, 3).mean(),
    "precision": lambda x, y: covered(x, y).mean(),
    "is": lambda x, y: inception_score(x),
}


@pytest.mark.parametrize("name", [name for name in METRICS if name != "fid_inf"])
def test_order_does_not_matter(name: str) -> None:
    random = np.random.RandomState(0)
    shuffled = METRICS[name](X[random.permutation(90)], Y[random.permutation(70)])
    equal(shuffled, METRICS[name](X, Y), 1e-8)


@pytest.mark.parametrize("name", METRICS)
def test_nothing_is_remembered(name: str) -> None:
    """StochSync's evaluator pools the Inception Score of all experiments before."""
    before = METRICS[name](X, Y)
    METRICS[name](Y + 5, X)
    assert METRICS[name](X, Y) == before


@pytest.mark.parametrize("name", METRICS)
def test_nan_is_refused(name: str) -> None:
    spoilt = X.copy()
    spoilt[7, 3] = np.nan
    with pytest.raises(UserError, match="features of image 7 are not finite"):
        METRICS[name](spoilt, Y)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: frechet_distance(X[:1], Y), "fid: 1 images; expected at least 2"),
        (lambda: frechet_distance(X, Y[:0]), "fid: 0 images; expected at least 2"),
        (lambda: frechet_distance(X, Y[:, :5]), "32 features against 5"),
        (lambda: infinity(X[:5], Y), "fid_inf: 5 images; expected at least 8"),
        (lambda: kernel_distance(X[:1], Y), "kid: 1 images; expected at least 2"),
        (lambda: kernel_distance_of_prompts(X[:3], Y, list("aab"), ["a"] * 70), "image of 'b'"),
        (lambda: inception_score(X[:9], splits=10), "is: 9 images; expected at least one for each"),
        (lambda: giqa(X, Y[:7], k=8), "giqa: 7 reference images; expected at least k=8"),
        (lambda: covered(X, Y[:3], k=3), "precision/recall: 3 images; expected more than k=3"),
        (lambda: intra_distance([X4[:1]]), "intra_lpips: 1 crops; expected at least 2"),
        (lambda: inception_score(X[0]), "expected images x features"),
    ],
)
def test_too_few_images_are_named(call, message: str) -> None:
    with pytest.raises(UserError, match=message):
        call()


X4 = torch.zeros(3, 4, 2, 2)
