"""A check of all the data of a spec or of a source."""

from pathlib import Path

from nbcnn import data, network
from nbcnn.data.checking import Checked, check
from nbcnn.data.looking import look
from nbcnn.spec import Spec
from nbcnn.training.events import Loading, OnEvent


def check_spec(spec: Spec, data_dir: Path | None, on_event: OnEvent) -> Checked:
    """Check the data of a spec, in its splits, as its network reads them; raises DataError where it cannot."""
    from nbcnn.training.samples import load_samples  # here, because it brings Numba, which a source has no need of

    if spec.data is not None:  # all files that cannot be read are listed then
        spec = spec.model_copy(update={"data": spec.data.model_copy(update={"skip_unreadable": True})})
    base = Path(spec.file).parent if spec.file else None
    splits = load_samples(network.build(spec), data_dir, base, on_event)
    return check(splits, spec.data.source if spec.data else spec.name)


def check_source(source: str, data_dir: Path | None, on_event: OnEvent) -> Checked:
    """Check a source, in its own splits, of a shape that suits it; raises DataError for what is no data set."""

    def on_progress(what: str, done: int, total: int) -> None:
        on_event(Loading(what, done, total))

    found = look(source, data_dir, on_progress, skip_unreadable=True)
    splits = data.load(
        source,
        data_dir,
        input_shape=found.shape,
        resize=found.resize,
        skip_unreadable=True,
        on_progress=on_progress,
    )
    return check(splits, source)
