// Hypergradients of the shared problems and online runs, timed: one JSON line on stdout (see
// Benchmarks/README.md).
import Foundation
import Outerloop

func option(_ name: String, default value: String) -> String {
  guard let index = CommandLine.arguments.firstIndex(of: "--" + name),
    index + 1 < CommandLine.arguments.count
  else { return value }
  return CommandLine.arguments[index + 1]
}

func seconds(_ body: () throws -> Void) rethrows -> Double {
  let start = ContinuousClock.now
  try body()
  let elapsed = start.duration(to: .now).components
  return Double(elapsed.seconds) + 1e-18 * Double(elapsed.attoseconds)
}

/// GFLOP/s of a square product large enough to show what the machine can do.
func gemmSpeed() throws -> Double {
  let n = 1536
  let a = RandomKey(seed: 1).uniform([n, n])
  let product = Compiled { (x: Tensor) in matmul(x, x) }
  _ = try product(a)
  let best = try (0..<5).map { _ in try seconds { _ = try product(a) } }.min() ?? 1
  return 2 * Double(n * n * n) / best / 1e9
}

/// The largest resident set of this program alone (what `getrusage` says may be its parent's).
func peakResidentBytes() throws -> Int {
  let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
  let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
  let number = line?.split(whereSeparator: { $0 == " " || $0 == "\t" }).dropFirst().first
  return (number.flatMap { Int($0) } ?? 0) * 1024
}

/// Writes the data of `values` one after the other, raw.
func write(_ values: [[Float]], to path: String) throws {
  guard !path.isEmpty else { return }
  var bytes = Data()
  for list in values { list.withUnsafeBytes { bytes.append(contentsOf: $0) } }
  try bytes.write(to: URL(fileURLWithPath: path))
}

func printJSON(_ fields: [String: Any]) throws {
  let json = try JSONSerialization.data(withJSONObject: fields, options: [.sortedKeys])
  print(String(decoding: json, as: UTF8.self))
}

/// `bilevel-bench online`: one estimator through all updates of an online task.
func online() throws {
  let folder = URL(fileURLWithPath: option("data", default: ".data/online-demo-0"))
  let task = try OnlineTask(BenchmarkData(folder: folder))
  _ = try BLAS.load()
  let run = try OnlineRun(
    task, estimator: option("estimator", default: "one-step"),
    gradientSteps: Int(option("gradient-steps", default: "20")) ?? 20,
    repeats: Int(option("repeats", default: "400")) ?? 400)
  try write([run.learned], to: option("out", default: ""))
  var fields = run.fields
  fields["peak_rss_bytes"] = try peakResidentBytes()
  fields["version"] = try BLAS.load().description
  try printJSON(fields)
}

do {
  if CommandLine.arguments.dropFirst().first == "online" {
    try online()
    exit(0)
  }
  let name = option("problem", default: "toy")
  let folder = URL(fileURLWithPath: option("data", default: ".data")).appendingPathComponent(name)
  let data = try BenchmarkData(folder: folder)
  let repeats = Int(option("repeats", default: "10")) ?? 10
  _ = try BLAS.load()

  let problem = try Problems.make(name, data)
  var gradient: [Tensor] = []
  var compile = 0.0
  var cost = Cost()
  let first = try seconds {
    let result = try problem.run()
    gradient = result.gradient
    compile = result.cost.compileSeconds
  }
  if CommandLine.arguments.contains("--plan") {
    print(try problem.plans())
    exit(0)
  }
  let warm = try (0..<repeats).map { _ in try seconds { cost = try problem.run().cost } }

  try write(gradient.map { try $0.scalars(Float.self) }, to: option("out", default: ""))
  let peak = try peakResidentBytes()
  let fields: [String: Any] = [
    "problem": name, "mode": "outerloop", "first_seconds": first, "compile_seconds": compile,
    "warm_seconds": warm, "steps": problem.steps, "peak_rss_bytes": peak,
    "threads": ThreadBudget.threads, "version": try BLAS.load().description,
    "instruction_set": ThreadBudget.instructionSet, "gemm_gflops": try gemmSpeed(),
    "planned_bytes": cost.plannedBytes,
  ]
  try printJSON(fields)
} catch {
  FileHandle.standardError.write(Data("error: \(error)\n".utf8))
  exit(1)
}
