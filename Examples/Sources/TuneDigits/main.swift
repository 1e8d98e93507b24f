import DigitsTraining
import Outerloop

// Eight hyperparameters of every kind, one of them conditional; 40 trials.
var space = SearchSpace()
let optimizer = try space.choice("optimizer", ["sgd", "adam"])
let rate = try space.float("rate", 1e-4...1, log: true)
let momentum = try space.when("optimizer == sgd") { try $0.float("momentum", 0...0.99) }
let layers = try space.int("layers", 1...3)
let units = try space.int("units", 8...256, log: true)
let activation = try space.choice("activation", ["relu", "tanh", "sigmoid"])
let decay = try space.float("decay", 1e-6...1e-1, log: true)
let batch = try space.ordinal("batch", [16, 32, 64, 128])

let training = try DigitsTraining()
let study = try await Study(space, .minimize("error"), by: .auto(), name: "digits", seed: 1)
try await study.run(trials: 40, parallel: 2) { trial in
  var settings = DigitsSettings()
  settings.optimizer = trial[optimizer]
  settings.rate = trial[rate]
  settings.momentum = trial[momentum]
  settings.layers = trial[layers]
  settings.units = trial[units]
  settings.activation = trial[activation]
  settings.decay = trial[decay]
  settings.batch = Int(trial[batch])
  var last = 1.0
  try await training.train(settings, seed: trial.seed) { epoch, score in
    last = score.error
    return try await trial.report(epoch: epoch, ["error": score.error, "loss": score.loss])
  }
  return last
}

for trial in try await study.trials() where trial.number % 10 == 9 {
  print("trial \(trial.number): \(trial.values.map { "\($0[0])" } ?? trial.state.name)")
}
if let best = try await study.best(), let error = best.values?[0] {
  print("best: \(error) in trial \(best.number): \(best.assignment)")
}
