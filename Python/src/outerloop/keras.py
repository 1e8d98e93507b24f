"""Reporting for Keras: `model.fit(..., callbacks=[outerloop.keras.report(trial)])`."""

from __future__ import annotations

from typing import Any, Dict, Optional, Union

from .script import ScriptTrial
from .study_trial import Trial


def report(trial: Union[Trial, ScriptTrial]) -> Any:
    """A callback that reports all metrics after each epoch, under Keras's names such as `val_loss`, and ends the
    training when the trial should stop. Epochs continue from the trial's: pass `initial_epoch=trial.from_epoch`."""
    from keras.callbacks import Callback

    class Report(Callback):  # type: ignore[misc,unused-ignore]
        def on_epoch_end(self, epoch: int, logs: Optional[Dict[str, Any]] = None) -> None:
            if logs and not trial.report(dict(logs), epoch=epoch + 1):
                self.model.stop_training = True

    return Report()
