import Outerloop

var space = SearchSpace()
let x = try space.float("x", -5...10)

let tuner = Tuner(
  space, .minimize("loss"), epochs: 27, totalEpochs: 1000, seed: 0, output: "results"
) { trial, checkpoint in
  (trial.from + 1...trial.through).map { epoch in
    Report(epoch: epoch, ["loss": (trial[x] - 2) * (trial[x] - 2)])
  }
}

if let incumbent = try await tuner.run() {
  print("trial \(incumbent.number), epoch \(incumbent.epoch): \(incumbent.assignment)")
}
