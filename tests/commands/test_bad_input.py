"""Whatever is wrong, the user reads one line that names it and says what would be right."""

import shutil
import subprocess
from pathlib import Path

import command_line
import pytest
import small_checkpoint
import torch
from command_line import QUICK

METHODS = "choices: ablation_1, "
MALFORMED = "expected key=value, with quotes"

CASES = [
    # names
    ("method=ddmi", "method=ddmi: no such choice; did you mean 'ddim'?", METHODS),
    ("method=", "method=: no such choice", METHODS),
    (
        "task=panoram",
        "task=panoram: no such choice; did you mean 'panorama'?",
        "image, inpainting, masked, mesh, motion, panorama",
    ),
    ("prior=tny", "prior=tny: no such choice; did you mean 'tiny'?", "choices: exact, "),
    ("preset=fixd", "preset=fixd: no such choice; did you mean 'fixed'?"),
    ("method=null", "method=null: no such choice", METHODS),
    ("method=[1,2]", "method=[1,2]: no such choice", METHODS),
    ("experiment=[[0]]", "experiment=[[0]]: no such choice"),
    ("hydra.job.chdir=${run}", "Interpolation key 'run' not found"),
    ("task=null", "task=null: no such choice", "image, "),
    ("experiment=tabel1", "experiment=tabel1: no such choice; did you mean 'table1'?"),
    ("hydra/launcher=slrum", "hydra/launcher=slrum: no such choice; did you mean 'slurm'?"),
    # keys
    ("method.stps=3", "method.stps: no such key; did you mean 'steps'?", "guidance"),
    ("method.steps.x=3", "method.steps.x: no such key", "choices: "),
    ("task.canonicl=rgb", "task.canonicl: no such key; did you mean 'canonical'?"),
    ("prior.men=1", "prior.men: no such key; did you mean 'mean'?", "shape, std"),
    ("promt=x", "promt: no such key; did you mean 'prompt'?", "seed"),
    ("+method.foo=1", "method.foo: no such key", "choices: guidance, spacing, steps"),
    ("+foo=1", "foo: no such key", "choices: device"),
    ("+prior.device=cuda", "prior.device: no such key", "choices: "),
    ("~prompt", "prompt=None: field required"),
    # types
    ("method.steps=ten", "method.steps=ten: input should be a valid integer"),
    ("method.steps=null", "method.steps=None: input should be a valid integer"),
    ("method.steps=1001", "method.steps=1001: input should be less than or equal to 1000"),
    (
        "method=sds method.steps=1e9",
        "method.steps=1000000000.0: input should be less than or equal",
    ),
    ("prior.shape=[4,8,8]", "prior=exact: its images have 4 channels; expected 3"),
    ("method.guidance=high", "method.guidance=high: input should be a valid number"),
    ("method.guidance=nan", "method.guidance=nan: input should be a finite number"),
    ("seed=x", "seed=x: input should be a valid integer"),
    ("seed=1.5", "seed=1.5: input should be a valid integer"),
    ("num_threads=many", "num_threads=many: input should be a valid integer"),
    ("task=panorama task.fov=wide", "task.fov=wide: input should be a valid number"),
    ("prior.shape=[3,8]", "prior.shape=[3, 8]: field required"),
    # choices
    ("task=panorama task.cover=rings", "task.cover=rings: did you mean 'ring'?", "ring, sphere"),
    (
        "method=synctweedies method.strategy=instance_x1",
        "method.strategy=instance_x1: did you mean 'instance_x'?",
        "canonical_x0",
    ),
    ("method=stochsync method.solver=dpmm", "method.solver=dpmm: did you mean 'dpm'?", "ddim, dpm"),
    ("task.canonical=rbg", "task.canonical=rbg: did you mean 'rgb'?", "choices: latent, rgb"),
    ("device=gpu", "device=gpu: ", "choices: auto, cpu, cuda, mps"),
    ("prior=tiny prior.path=CHECKPOINT prior.precision=int", "prior.precision=int: ", "bf16, fp"),
    ("prior=tiny prior.compile=perhaps", "prior.compile=perhaps: input should be a valid boolean"),
    # ranges
    ("method.steps=0", "method.steps=0: input should be greater than or equal to 1"),
    ("seed=-1", "seed=-1: input should be greater than or equal to 0"),
    ("num_threads=0", "num_threads=0: input should be greater than or equal to 1"),
    ("task=panorama task.fov=1e-9", "task.fov=1e-09: input should be greater than or equal to 5"),
    ("task=panorama task.fov=180", "task.fov=180: input should be less than 180"),
    ("task=panorama task.fov=200", "task.fov=200: input should be less than 180"),
    ("task=panorama task.rows=0", "task.rows=0: input should be greater than or equal to 1"),
    ("task=wide task.columns=0", "task.columns=0: input should be greater than or equal to 1"),
    ("task=wide task.stride=0", "task.stride=0: input should be greater than 0"),
    ("method=stochsync method.t_max=1200", "method.t_max=1200: input should be less than or equal"),
    ("method=stochsync method.t_min=-1", "method.t_min=-1: input should be greater than or equal"),
    ("method=stochsync method.ode_steps=0", "method.ode_steps=0: input should be greater than"),
    ("method=stochsync method.seam_steps=-1", "method.seam_steps=-1: input should be greater"),
    ("method=sds method.views=0", "method.views=0: input should be greater than or equal to 1"),
    ("method=sds method.lr=0", "method.lr=0: input should be greater than 0"),
    ("method=sds method.warmup=-1", "method.warmup=-1: input should be greater than or equal"),
    ("method=sdi method.jitter=-1", "method.jitter=-1: input should be greater than or equal"),
    ("method=sdi method.knots=1", "method.knots=1: input should be greater than or equal to 2"),
    ("task=zoom task.magnification=1", "task.magnification=1: choices: 2, 4"),
    ("task=zoom task.magnification=0.5", "task.magnification=0.5: choices: 2, 4"),
    ("task=zoom task.levels=0", "task.levels=0: input should be greater than or equal to 1"),
    ("task=zoom prompt=far|near", "prompt=far|near: 2 texts for 5 levels; expected one per level"),
    (
        "task=zoom method=multidiffusion task.sampling=area",
        "task.sampling=area: method=multidiffusion averages noisy states",
        "use task.sampling=nearest",
    ),
    (
        "task=zoom method=synctweedies method.strategy=3",
        "task.sampling=area: method=synctweedies averages noisy states",
    ),
    (
        "task=motion prior.shape=[263,1,40] prompt=walk|sit",
        "prompt=walk|sit: 2 texts for 3 segments; expected one per segment",
    ),
    (
        "task=motion prior.shape=[263,1,40]",
        "task.overlap=30: segments of 40 frames are too short to share so many at both ends",
        "expected at most 20",
    ),
    (
        "task=motion prior.shape=[251,1,120]",
        "prior=exact: denoises states of 251 x 1 x 120; expected 263 x 1 x frames",
        "use prior=tiny_motion",
    ),
    ("task=motion task.canonical=rgb", "task.canonical=rgb: a motion has no pixels"),
    ("task=motion task.ring=true task.segments=1", "task.ring=true: one segment alone"),
    ("task=motion method=syncdiffusion", "method=syncdiffusion: compares views by a perceptual"),
    ("task=motion method=sdedit", "method=sdedit: edits a picture, which this task does not have"),
    ("task=ambiguous prompt=a|b|c", "prompt=a|b|c: 3 texts for 2 views; expected one per view"),
    ("task=ambiguous task.transforms=[]", "task.transforms=[]: tuple should have at least 1 item"),
    ("shard=5/3", "shard=5/3: expected i/n, part i of n, from 1/n to n/n, such as shard=1/4"),
    ("shard=0/3", "shard=0/3: expected i/n"),
    ("shard=1/0", "shard=1/0: expected i/n"),
    ("shard=2", "shard=2: expected i/n"),
    ("shard=1/3/4", "shard=1/3/4: expected i/n"),
    ("samples_per_batch=0", "samples_per_batch=0: input should be greater than or equal to 1"),
    ("previews=-1", "previews=-1: input should be greater than or equal to 0"),
    # what does not go together
    (
        "method=stochsync method.t_min=950 method.t_max=900",
        "method.t_min=950: expected at most method.t_max=900",
    ),
    (
        "method=multidiffusion task.canonical=rgb",
        "task.canonical=rgb: method=multidiffusion",
        "use task.canonical=latent",
    ),
    (
        "task=panorama task.cover=sphere task.fov=72",
        "task.fov=72.0: task.cover=sphere",
        "use task.fov=90",
    ),
    # prompt files
    ("prompts=missing", "prompts=missing: no such prompt set or file; sets: ambiguous, demo"),
    ("prompts=FILES", "prompts=FILES: no such prompt set or file", "give a text file's path"),
    ("prompts=FILES/empty.txt", "prompts=FILES/empty.txt: ", "no prompt; expected one a line"),
    ("prompts=FILES/comments.txt", "prompts=FILES/comments.txt: ", "holds no prompt"),
    ("prompts=FILES/image", "prompts=FILES/image: ", "is not UTF-8", "expected one prompt a line"),
    ("prompts=FILES/binary", "prompts=FILES/binary: ", "is binary; expected one prompt a line"),
    ("prompts=FILES/latin1.txt", "prompts=FILES/latin1.txt: ", "is not UTF-8", "save it as UTF-8"),
    ("prompts=FILES/one_line.txt", "10000000 characters; expected at most 20000"),
    ("prompts=FILES/zeros.txt", "prompts=FILES/zeros.txt: ", "is binary"),
    ("prompts=FILES/cut.txt", "prompts=FILES/cut.txt: ", "is not UTF-8 text (byte 9999999)"),
    ("prompts=/dev/null", "prompts=/dev/null: no such prompt set or file"),
    # places
    ("results=FILES/empty.txt/x", "results=FILES/empty.txt/x", "with results=FOLDER"),
    ("results=/proc/x", "results=/proc/x", "cannot write there", "with results=FOLDER"),
    ("results=/proc/x -m", "/proc/x: ", "with results=FOLDER"),
    ("run=../x", "run=../x: expected a name of letters", "not a path"),
    ("run=", "run=: expected a name of letters", "not a path"),
    ("run=..", "run=..: expected a name of letters", "not a path"),
    ("run=${foo}", "Interpolation key 'foo' not found full_key: run"),
    # checkpoints
    ("prior=tiny prior.path=null", "prior.path=None: input should be a valid string"),
    ("prior=tiny prior.path=[]", "prior.path=[]: input should be a valid string"),
    ("prior=tiny prior.path=7", "prior.path=7: no such folder; expected"),
    (
        "prior=tiny prior.path=FILES/nowhere prior.lora=null",
        "prior.path=FILES/nowhere: no such folder; expected",
    ),
    (
        "prior=tiny prior.path=FILES/no_unet prior.lora=null",
        "prior.path=FILES/no_unet: unet missing; expected",
    ),
    (
        "prior=tiny prior.path=FILES/no_weights prior.lora=null",
        "unet/diffusion_pytorch_model.safetensors missing",
    ),
    (
        "prior=tiny prior.path=FILES/truncated prior.lora=null",
        "no usable unet there",
        "expected a Stable Diff",
    ),
    (
        "prior=tiny prior.path=FILES/cut_text prior.lora=null",
        "no usable text_encoder there",
        "expected a Stable",
    ),
    ("prior=tiny prior.path=FILES/no_words prior.lora=null", "its tokenizer is empty", "expected"),
    (
        "prior=tiny prior.path=FILES/score prior.lora=null",
        "no usable scheduler",
        "it predicts 'score', not eps",
    ),
    (
        "prior=tiny prior.path=FILES/velocity prior.lora=null method=sdi",
        "prior=tiny: predicts v_prediction; method=sdi expects epsilon",
        "prior=sd21_base",
    ),
    (
        "prior=sd2_depth prior.path=FILES/depth",
        "prior=sd2_depth: needs the depth of every view, which task=image does not provide",
    ),
    ("prior=sd21_base prior.path=FILES/depth", "its unet takes 5 channels; expected 4"),
    (
        "prior=sd15_depth prior.path=CHECKPOINT prior.control_path=FILES/nowhere",
        "FILES/nowhere: no such folder, nor found on the Hub",
        "use prior.control_path=/a/folder",
    ),
    ("prior=sd3 prior.path=CHECKPOINT", "no usable transformer there"),
    # what could be run
    ("method._target_=os.system", "method._target_=os.system: expected a class of synclab.*"),
    ("method._target_=synclab.ddim.DDIM", "method._target_=synclab.ddim.DDIM: no such class"),
    ("method._target_=synclab.run.main", "method._target_=synclab.run.main: expected a dataclass"),
    # syntax
    ("method.steps=[1,", "method.steps=[1,: ", MALFORMED),
    ("steps", "steps: ", MALFORMED),
    ("seed=1,2", "seed=1,2", "add --multirun"),
    ("+method=ddim", "method appears more than once"),
]


@pytest.fixture(scope="session")
def files(tmp_path_factory, checkpoint) -> Path:
    """Prompt files and checkpoints, each with its own defect."""
    folder = tmp_path_factory.mktemp("files")
    (folder / "empty.txt").touch()
    (folder / "comments.txt").write_text("# one\n\n  \n# two\n")
    (folder / "one_line.txt").write_text("x" * 10_000_000)
    (folder / "zeros.txt").write_bytes(bytes(10_000_000))
    (folder / "cut.txt").write_bytes(b"x" * 9_999_999 + "é".encode()[:1])
    (folder / "image").write_bytes(b"\x89PNG\r\n\x00")
    (folder / "binary").write_bytes(b"\x01\x00\n\x00")
    (folder / "latin1.txt").write_bytes("a café at night\n".encode("latin-1"))
    for name in ("no_unet", "no_weights", "truncated", "cut_text", "no_words", "score"):
        shutil.copytree(checkpoint, folder / name)
    shutil.rmtree(folder / "no_unet" / "unet")
    weights = "unet/diffusion_pytorch_model.safetensors"
    (folder / "no_weights" / weights).unlink()
    (folder / "truncated" / weights).write_bytes((checkpoint / weights).read_bytes()[:9999])
    (folder / "cut_text" / "text_encoder" / "model.safetensors").write_bytes(bytes(99))
    for file in (folder / "no_words" / "tokenizer").iterdir():
        file.unlink()
    score = small_checkpoint.scheduler(prediction_type="score")
    score.save_pretrained(folder / "score" / "scheduler")
    small_checkpoint.save(folder / "velocity", small_checkpoint.VELOCITY)
    small_checkpoint.save(folder / "depth", small_checkpoint.DEPTH)
    return folder


def assert_refused(answer: command_line.Answer, *fragments: str) -> None:
    assert answer.code != 0
    assert answer.err.startswith("synclab: ")
    assert answer.err.count("\n") == 1
    for fragment in fragments:
        assert fragment in answer.err


@pytest.mark.parametrize("case", CASES, ids=lambda case: case[0])
def test_one_clear_line(case, files, checkpoint, tmp_path):
    words = [w.replace("FILES", str(files)).replace("CHECKPOINT", str(checkpoint)) for w in case]
    answer = command_line.run(*QUICK, f"results={tmp_path}/results", *words[0].split())
    assert_refused(answer, *words[1:])
    assert not (tmp_path / "results").exists()


@pytest.mark.parametrize(
    "size", ["task=panorama task.rows=1000000000", "task=mesh task.texture=1000000000"]
)
def test_a_canvas_larger_than_the_memory_is_one_line(size, tmp_path):
    answer = command_line.run(*QUICK, f"results={tmp_path}", *size.split())
    assert answer.code == 1
    begun, line = answer.err.splitlines()
    assert begun.endswith("1 of 1 samples to do")
    assert line.startswith("synclab: ") and "out of memory; expected a canvas that fits" in line


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has one")
def test_a_device_that_is_not_there(tmp_path):
    answer = command_line.run(*QUICK, f"results={tmp_path}/results", "device=cuda")
    assert_refused(answer, "device=cuda: this machine has none", "use device=auto")


def test_a_queue_that_is_not_there(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "")
    answer = command_line.run(*QUICK, f"results={tmp_path}", "-m", "hydra/launcher=slurm")
    assert answer.code == 1
    assert answer.err == "synclab: hydra/launcher=slurm: no sbatch here; run on a login node\n"


def test_an_option_of_the_queue_that_is_misspelled(tmp_path):
    keys = ("-m", "hydra/launcher=slurm", "hydra.launcher.sbatch.tiem=9", f"results={tmp_path}")
    answer = command_line.run(*QUICK, *keys)
    assert_refused(answer, "hydra.launcher.sbatch.tiem: no such key; did you mean 'time'?")


@pytest.mark.slow
def test_a_checkpoint_of_the_hub_without_network(tmp_path):
    """As a real process: the Hub's library reads the environment when it is imported.

    Libraries that write to stderr on their own would show here.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HF_HUB_OFFLINE", "1")
        patch.setenv("HF_HOME", str(tmp_path / "hub"))
        process = command_line.start("prior=sd21_base", f"results={tmp_path}/results")
        answer = command_line.finish(process)
    assert_refused(answer, "not found on the Hub or in its cache", "use prior.path=")
    assert not (tmp_path / "results").exists()


def test_a_folder_that_cannot_be_written(tmp_path):
    mount = ["mount", "-t", "tmpfs", "-o", "ro", "tmpfs", str(tmp_path)]
    mounted = not subprocess.run(mount, capture_output=True).returncode
    tmp_path.chmod(0o555) if not mounted else None
    try:
        answer = command_line.run(*QUICK, f"results={tmp_path}/results")
        assert_refused(answer, "cannot write there", "use another folder with results=FOLDER")
    finally:
        subprocess.run(["umount", str(tmp_path)], check=True) if mounted else tmp_path.chmod(0o755)


def test_a_prompt_that_comes_twice_is_one_sample(tmp_path):
    """Equal ids cannot come about: a name holds the digest of its prompt."""
    (tmp_path / "set.txt").write_text("one\none\nONE\n")
    answer = command_line.run(*QUICK, f"prompts={tmp_path}/set.txt", f"results={tmp_path}/results")
    assert "2 of 2 samples to do" in answer.err
    assert {row["prompt"] for row in command_line.rows(tmp_path).values()} == {"one", "ONE"}


def test_a_prompt_that_is_too_long_for_the_text_encoder_is_warned_of(checkpoint, tmp_path):
    keys = ("prior=tiny", f"prior.path={checkpoint}", "prior.lora=null", f"results={tmp_path}")
    answer = command_line.run(*QUICK, *keys, f"prompt={'sea ' * 1250}")
    assert answer.code == 0, answer.err
    assert "tokens cut to" in answer.err
    (row,) = command_line.rows(tmp_path).values()
    assert len(row["prompt"]) == 5000


def test_a_folder_of_another_configuration_is_refused_and_kept(tmp_path):
    assert command_line.run(*QUICK, f"results={tmp_path}").code == 0
    before = command_line.images(tmp_path)
    answer = command_line.run(*QUICK, f"results={tmp_path}", "method.steps=3", "prompt=other")
    assert_refused(answer, "method.steps=2 there, 3 now", "start another run with run=NAME")
    assert command_line.images(tmp_path) == before


def test_a_damaged_configuration_is_named(tmp_path):
    assert command_line.run(*QUICK, f"results={tmp_path}").code == 0
    (tmp_path / "exact/image/ddim/config.json").write_text("{")
    answer = command_line.run(*QUICK, f"results={tmp_path}")
    assert_refused(answer, "config.json: not JSON", "delete the folder")


@pytest.mark.parametrize("prompt", ["", "   "])
def test_nothing_to_draw_is_a_prompt_too(prompt, tmp_path):
    assert command_line.run(*QUICK, f"results={tmp_path}", f"prompt={prompt}").code == 0
    (row,) = command_line.rows(tmp_path).values()
    assert row["prompt"] == prompt


def test_libraries_write_nothing_of_their_own(files, tmp_path, capfd):
    words = ("prior=tiny", f"prior.path={files}/truncated", f"results={tmp_path}/results")
    assert_refused(command_line.run(*words), "no usable unet there")
    assert not (tmp_path / "results").exists()
    assert capfd.readouterr() == ("", "")
