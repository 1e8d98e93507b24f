import Foundation
import NetworkTraining
import Outerloop
import OuterloopCharts

// How much do schedulers find in the same number of epochs? A network with nine hyperparameters is trained
// epoch by epoch, and tuned by each method from several seeds; two studies run side by side.

func leave(_ text: String, status: Int32) -> Never {
  FileHandle.standardError.write(Data("\(text)\n".utf8))
  exit(status)
}

do {
  if CommandLine.arguments.contains("--help") { leave(Options.usage, status: 0) }
  let options = try Options(Array(CommandLine.arguments.dropFirst()))
  let methods = try options.methods.map { try Method($0) }
  let data = try options.data.map { try ImageSplit.load($0, train: options.examples) } ?? .digits()
  let out = URL(fileURLWithPath: options.out, isDirectory: true)
  try FileManager.default.createDirectory(at: out, withIntermediateDirectories: true)

  ThreadBudget.threads = 1
  let training = NetworkTraining(data, epochs: options.epochs)
  let plans = (1...options.seeds).flatMap { seed in methods.map { (method: $0, seed: UInt64(seed)) }
  }
  var next = plans.makeIterator()
  var races: [Race] = []
  try await withThrowingTaskGroup(of: Race.self) { group in
    func begin() {
      guard let (method, seed) = next.next() else { return }
      group.addTask {
        try await Race.run(
          method, seed: seed, on: training, epochs: options.epochs, budget: options.budget)
      }
    }
    begin()
    begin()
    for try await race in group {
      races.append(race)
      begin()
    }
  }
  races.sort { $0.seed < $1.seed }

  let comparison = Comparison(
    data: data.name, epochs: options.epochs, budget: options.budget, methods: options.methods,
    races: races)
  print(
    "\(data.name): \(options.budget) epochs for each study, \(options.epochs) for a full training; mean and standard "
      + "error of \(options.seeds) seeds")
  print(comparison.table)
  let pictures = [
    ("progress", comparison.progress.svg(width: 720, height: 420)),
    ("learning-curves", comparison.curves.svg(width: 960, height: 560)),
  ]
  for (name, svg) in pictures {
    let file = out.appending(path: "\(name).svg")
    try svg.write(to: file, atomically: true, encoding: .utf8)
    print(file.relativePath)
  }
} catch let trouble as Options.Trouble {
  leave("error: \(trouble.text)\n\(Options.usage)", status: 64)
} catch {
  leave("error: \(error)", status: 1)
}
