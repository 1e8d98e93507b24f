internal import GRDB
internal import OuterloopStudy

/// What in a database of Optuna's cannot be what Optuna wrote: where it stands, and what it is.
struct OptunaFault: Error {
  /// The table and the row: `trial_params, row 12 (param_id) of trial 3`.
  var place: String
  var what: String

  init(_ place: String, _ what: String) {
    self.place = place
    self.what = what
  }

  func about(_ path: String) -> StudyError {
    StudyError(
      "`\(path)` is a database of Optuna, but in its table \(place): \(what)",
      "correct the row, with `sqlite3` for instance, or import another study")
  }
}
