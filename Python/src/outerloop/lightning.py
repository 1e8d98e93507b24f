"""Reporting for PyTorch Lightning: `Trainer(callbacks=[outerloop.lightning.report(trial)])`."""

from __future__ import annotations

from typing import Any, Union

from .script import ScriptTrial
from .study_trial import Trial


def report(trial: Union[Trial, ScriptTrial], *metrics: str) -> Any:
    """A callback that reports logged metrics, all or the given ones, after each validation, and ends the
    training when the trial should stop. Of several processes, the first one reports."""
    try:
        from lightning.pytorch.callbacks import Callback
    except ImportError:
        from pytorch_lightning.callbacks import Callback

    class Report(Callback):  # type: ignore[misc,unused-ignore]
        def on_validation_end(self, trainer: Any, module: Any) -> None:
            if trainer.sanity_checking:
                return
            logged = trainer.callback_metrics
            values = {name: logged[name] for name in metrics or logged if name in logged}
            goes_on = True
            if values and trainer.is_global_zero:
                goes_on = trial.report(values, epoch=trainer.current_epoch + 1)
            # All processes must stop at the same epoch.
            trainer.should_stop = trainer.should_stop or not trainer.strategy.broadcast(goes_on)

    return Report()
