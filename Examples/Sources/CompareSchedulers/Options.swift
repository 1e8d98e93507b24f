import Foundation

/// What the command line says.
struct Options {
  var methods: [String] = []
  var data: String?
  var examples = 4000
  var epochs = 27
  var budget = 270
  var seeds = 5
  var out = "."

  static let usage = """
    usage: compare-schedulers [METHOD ...] [--data FOLDER] [--examples N] [--epochs N] [--budget N] [--seeds N]
                              [--out FOLDER]

    METHOD is `random`, random search with full trainings, or a scheduler as `outerloop tune --scheduler` takes it:
    asha, hyperband, freeze-thaw, median:warmup=3. Default: \(Method.usual.joined(separator: " ")).
    The last one is what the others are compared with.
      --data FOLDER   train on a data set, such as MNIST's four files, instead of the digits that are built in
      --examples N    of it, train on so many (4000), and validate with half as many
      --epochs N      epochs of a full training (27)
      --budget N      epochs of a study, over all its trials (270)
      --seeds N       studies of each method (5)
      --out FOLDER    where the pictures go (the working folder)
    """

  struct Trouble: Error { let text: String }

  init(_ words: [String]) throws {
    var words = words[...]
    while let word = words.popFirst() {
      guard word.hasPrefix("-") else {
        methods.append(word)
        continue
      }
      guard let value = words.popFirst() else { throw Trouble(text: "\(word) needs a value") }
      func number(_ range: ClosedRange<Int>) throws -> Int {
        guard let number = Int(value), range.contains(number) else {
          throw Trouble(
            text: "\(word) \(value): a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
      }
      switch word {
      case "--data": data = value
      case "--examples": examples = try number(256...1_000_000)
      case "--epochs": epochs = try number(2...10_000)
      case "--budget": budget = try number(1...1_000_000)
      case "--seeds": seeds = try number(1...1000)
      case "--out": out = value
      default: throw Trouble(text: "there is no option \(word)")
      }
    }
    if methods.isEmpty { methods = Method.usual }
    guard Set(methods).count == methods.count else {
      throw Trouble(text: "a method is named twice")
    }
    guard epochs <= budget else {
      throw Trouble(text: "--budget \(budget) is less than one training of \(epochs) epochs")
    }
  }
}
