import Outerloop
import OuterloopStore

/// A study in a file. The same program, started again, continues it; so do others at the same time.
func storedStudy(in path: String, trials: Int) async throws -> Study {
  var space = SearchSpace()
  let x = try space.float("x", -5...10)
  let store = try SQLiteStore(path, .create)
  let study = try await Study(space, .minimize("loss"), by: .tpe(), seed: 1, in: store)
  // `trials` is a total: those that the file has already are not run again.
  try await study.run(trials: trials) { trial in (trial[x] - 2) * (trial[x] - 2) }
  return study
}
