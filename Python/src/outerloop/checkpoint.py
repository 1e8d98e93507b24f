"""The checkpoint folder of a trial."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Callable, Optional

if TYPE_CHECKING:
    from pathlib import Path


class Checkpoint:
    """A trial's own folder, with files that are replaced atomically.

        state = trial.checkpoint.load() or start()
        trial.checkpoint.save(state, epoch=epoch)

    PyTorch and others bring functions of their own:

        trial.checkpoint.save(lambda path: torch.save(model.state_dict(), path), epoch=epoch)
        state = trial.checkpoint.load(torch.load)
    """

    def __init__(self, folder: str, from_epoch: int, announce: Callable[[str, int], Any]) -> None:
        self._folder = folder
        self._from_epoch = from_epoch
        self._announce = announce

    @property
    def path(self) -> Path:
        """The folder, which exists."""
        from pathlib import Path

        path = Path(self._folder)
        path.mkdir(parents=True, exist_ok=True)
        return path

    def save(self, state: Any, *, epoch: int, name: str = "checkpoint") -> Path:
        """Saves a checkpoint after `epoch`, and reports it: an interrupted trial resumes from there.

        `state` is pickled; a function is called with the path of a file to write instead. The file takes the place
        of the one before when it is whole and on disk, so that one of them is there whatever happens.
        """
        import tempfile

        target = self.path / name
        handle, part = tempfile.mkstemp(prefix=f".{name}.", dir=target.parent)
        os.close(handle)
        try:
            if callable(state) and not isinstance(state, type):
                state(part)
            else:
                import pickle

                with open(part, "wb") as file:
                    pickle.dump(state, file)
            _sync(part)
            os.replace(part, target)
            _sync(str(target.parent))
        except BaseException:
            if os.path.exists(part):
                os.unlink(part)
            raise
        self._announce(str(target), epoch)
        return target

    def load(self, read: Optional[Callable[[Any], Any]] = None, *, name: str = "checkpoint") -> Any:
        """The last saved state, loaded by `read(path)` or unpickled; None if the trial starts from scratch."""
        target = self.path / name
        if self._from_epoch <= 0 or not target.exists():
            return None
        if read is not None:
            return read(target)
        import pickle

        with open(target, "rb") as file:
            return pickle.load(file)


def _sync(path: str) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError:
        # Some file systems do not support this.
        pass
    finally:
        os.close(handle)
