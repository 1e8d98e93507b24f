"""A hyperparameter search as a scikit-learn estimator.

    from outerloop.sklearn import OuterloopSearchCV

    search = OuterloopSearchCV(SVC(), {"C": outerloop.log(1e-3, 1e3)}, n_trials=30, cv=5)
    search.fit(X, y)
    search.best_params_, search.best_score_, search.predict(X)
"""

from __future__ import annotations

from typing import Any, Callable, Dict, List, Mapping, Optional, Set

from sklearn.model_selection._search import BaseSearchCV

from .errors import BrokenObjective, NoResult, UsageError
from .study import Study
from .study_trial import Trial


class OuterloopSearchCV(BaseSearchCV):  # type: ignore[misc,unused-ignore]
    """Cross-validates configurations that a study proposes, and refits the estimator with the best.

    `param_distributions` is a space as `Study` takes it, its names those of the estimator's parameters. `n_trials`
    configurations are tried; with a `store` it is the total of the study there, so that a search goes on where it
    was, and `cv_results_` holds what this call has tried and the best one of the study. `sampler`, `seed`, `store`
    and `study_name` are those of `Study`; all other arguments are those of scikit-learn's searches. Folds run in
    parallel by `n_jobs`. A configuration of which no fold can be fitted is a failed trial, and the search goes on,
    unless `error_score` is "raise".
    """

    def __init__(
        self,
        estimator: Any,
        param_distributions: Any,
        *,
        n_trials: int = 20,
        sampler: Optional[str] = None,
        seed: Optional[int] = None,
        store: Optional[str] = None,
        study_name: str = "study",
        scoring: Any = None,
        n_jobs: Optional[int] = None,
        refit: Any = True,
        cv: Any = None,
        verbose: int = 0,
        pre_dispatch: Any = "2*n_jobs",
        error_score: Any = float("nan"),
        return_train_score: bool = False,
    ) -> None:
        super().__init__(
            estimator=estimator,
            scoring=scoring,
            n_jobs=n_jobs,
            refit=refit,
            cv=cv,
            verbose=verbose,
            pre_dispatch=pre_dispatch,
            error_score=error_score,
            return_train_score=return_train_score,
        )
        self.param_distributions = param_distributions
        self.n_trials = n_trials
        self.sampler = sampler
        self.seed = seed
        self.store = store
        self.study_name = study_name

    def _run_search(self, evaluate_candidates: Callable[[List[Dict[str, Any]]], Dict[str, Any]]) -> None:
        metric = f"mean_test_{self.refit if isinstance(self.refit, str) else 'score'}"
        tried: Set[int] = set()
        errors: List[Exception] = []

        def score(params: Mapping[str, Any]) -> float:
            results = evaluate_candidates([dict(params)])
            if metric not in results:
                raise UsageError(
                    "several metrics are scored, and none is said to be the one that counts", "name it by refit="
                )
            return float(results[metric][-1])

        def objective(trial: Trial) -> float:
            try:
                value = score(trial.params)
            except Exception as error:
                errors.append(error)
                if self.error_score == "raise" or isinstance(error, UsageError):
                    study.stop()
                raise
            tried.add(trial.number)
            return value

        with Study(
            self.store,
            self.study_name,
            space=self.param_distributions,
            maximize=metric,
            sampler=self.sampler,
            seed=self.seed,
        ) as study:
            try:
                study.run(objective, trials=self.n_trials, progress=False)
            except BrokenObjective:
                if not errors:
                    raise
            if errors and (not tried or self.error_score == "raise" or isinstance(errors[-1], UsageError)):
                # As scikit-learn's own searches raise it.
                raise errors[-1]
            try:
                best = study.best
            except NoResult:
                return
            if best.number not in tried:
                score(best.params)
