// Searches without a store and through one, timed, and samplers served to other programs: JSON
// lines on stdout (see Benchmarks/README.md).
import Foundation
import Outerloop
import OuterloopTesting

func option(_ name: String, default value: String) -> String {
  guard let index = CommandLine.arguments.firstIndex(of: "--" + name),
    index + 1 < CommandLine.arguments.count
  else { return value }
  return CommandLine.arguments[index + 1]
}

do {
  switch CommandLine.arguments.dropFirst().first {
  case "speed":
    let speed = SamplerSpeed(
      sampler: option("sampler", default: "tpe"), options: option("options", default: "{}"),
      trials: Int(option("trials", default: "1000")) ?? 1000,
      dimensions: Int(option("dimensions", default: "10")) ?? 10,
      objectives: Int(option("objectives", default: "1")) ?? 1,
      seed: UInt64(option("seed", default: "0")) ?? 0)
    print(try speed.run())
  case "find":
    let search = ProblemSearch(
      problem: option("problem", default: "ackley"),
      dimensions: Int(option("dimensions", default: "10")) ?? 10,
      sampler: option("sampler", default: "tpe"), options: option("options", default: "{}"),
      trials: Int(option("trials", default: "1000")) ?? 1000,
      from: Int(option("from", default: "0")) ?? 0,
      seed: UInt64(option("seed", default: "0")) ?? 0)
    print(try search.run())
  case "epochs":
    let speed = EpochSpeed(
      scheduler: option("scheduler", default: "freeze-thaw"),
      steps: Int(option("steps", default: "50")) ?? 50,
      seed: UInt64(option("seed", default: "0")) ?? 0)
    print(try speed.run())
  case "importance":
    let speed = ImportanceSpeed(
      trials: Int(option("trials", default: "10000")) ?? 10000,
      dimensions: Int(option("dimensions", default: "10")) ?? 10,
      repeats: Int(option("repeats", default: "5")) ?? 5,
      seed: UInt64(option("seed", default: "0")) ?? 0)
    print(try speed.run())
  case "store":
    let speed = StoreSpeed(
      path: option("store", default: "outerloop.db"),
      trials: Int(option("trials", default: "1000")) ?? 1000)
    print(try await speed.run())
  case "serve":
    var server = SamplerServer()
    try server.run()
  default:
    print(
      """
      search-bench speed --sampler tpe --trials N --dimensions D
      search-bench find --problem ackley --trials N --dimensions D
      search-bench epochs --scheduler dyhpo --steps N < HISTORY
      search-bench importance --trials N --dimensions D --repeats R
      search-bench store --store FILE|URL --trials N
      search-bench serve
      """)
    exit(64)
  }
} catch {
  FileHandle.standardError.write(Data("error: \(error)\n".utf8))
  exit(1)
}
