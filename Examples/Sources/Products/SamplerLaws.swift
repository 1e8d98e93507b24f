import Outerloop
import OuterloopTesting

/// What does not hold of a method of search, in sentences; empty if all is well. As a test of a sampler of
/// your own: every sentence is a failure.
func violations(by method: SearchMethod) throws -> [String] {
  var space = SearchSpace()
  _ = try space.float("rate", 1e-5...1, log: true)
  _ = try space.choice("optimizer", ["sgd", "adam"])
  _ = try space.when("optimizer == sgd") { try $0.float("momentum", 0...0.99) }
  let item = SearcherLaws.Case("training", space)
  return try SearcherLaws.staysInSpace(method, item, trials: 40)
    + SearcherLaws.replays(method, item, trials: 40)
    + SearcherLaws.knowsDirection(method, item, trials: 40)
    + SearcherLaws.survives(method, item, trials: 40)
}
