internal import ArgumentParser
internal import OuterloopRunner

/// How many checkpoints a study keeps, on the command line: `5`, `20GB`, `all`.
enum CheckpointLimit: ExpressibleByArgument, Equatable {
  case all
  /// Those of the best N trials.
  case best(Int)
  case bytes(Int)

  init?(argument: String) {
    if argument == "all" {
      self = .all
    } else if let count = Int(argument) {
      self = .best(count)
    } else if let size = Bytes(argument: argument), argument.last?.isLetter == true {
      self = .bytes(size.value)
    } else {
      return nil
    }
  }

  static func check(_ amounts: [CheckpointLimit]) throws {
    var (all, counts, sizes) = (0, 0, 0)
    for amount in amounts {
      switch amount {
      case .all: all += 1
      case .best(let count):
        counts += 1
        guard count >= 1 else {
          throw ValidationError(
            "--keep \(count) is below 1: the best trial's checkpoint is always kept")
        }
      case .bytes: sizes += 1
      }
    }
    guard counts <= 1, sizes <= 1, all == 0 || amounts.count == 1 else {
      throw ValidationError("--keep is given twice: name one number of trials, one size, or all")
    }
  }

  /// Nil: all.
  static func policy(_ amounts: [CheckpointLimit]) -> CheckpointPolicy? {
    var policy = CheckpointPolicy()
    for amount in amounts {
      switch amount {
      case .all: return nil
      case .best(let count): policy.best = count
      case .bytes(let size): policy.bytes = size
      }
    }
    return policy
  }
}
