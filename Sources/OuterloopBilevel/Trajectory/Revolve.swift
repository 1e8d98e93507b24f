public import OuterloopText

/// Optimal offline checkpointing for a reverse pass over T steps, with c stored states.
///
/// To differentiate step t (from `s_{t-1}` to `s_t`), the state `s_{t-1}` is needed, for t = T..1.
/// Instead of all T states keep c at a time, the initial one included, plus one working state, and
/// recompute the rest from the nearest stored state below.
///
/// Which steps count. A reverse pass evaluates `Phi`
/// - T times inside `.reverse`, each with its derivative: never counted here;
/// - once for `.finish`, step T evaluated plainly so that the outer loss and the adjoint `a_T` can
/// be
///   formed before the first `.reverse`: not counted either (a caller who gets `s_T` out of its
///   first differentiated step may skip it);
/// - `advances(steps:checkpoints:)` times in `.advance`: the first sweep from `s_0` to `s_{T-1}`,
///   T - 1 steps, and all recomputation. With `c >= T - 1` nothing is recomputed and the count is
///   T - 1.
///
/// The plan. For a stretch of l steps above a stored state, with k slots (that state's included),
/// advance m steps, reverse the upper l - m steps with k - 1 slots, return, and reverse the lower m
/// steps with k slots:
///
///     t(l, k) = min over m of  m + t(l - m, k - 1) + t(m, k),    t(1, k) = 0.
///
/// With `beta(k, r) = C(k + r, k)` and r the least with `beta(k, r) >= l`, the solution is
/// `t(l, k) = r l - C(k + r, r - 1)`: convex in l, of slope r between `beta(k, r - 1)` and
/// `beta(k, r)`. The minimum is where the two slopes differ by one, that is r - 1 below and r
/// above:
///
///     beta(k, r - 2)     <= m     <= beta(k, r - 1)
///     beta(k - 1, r - 1) <= l - m <= beta(k - 1, r),
///
/// and the schedule takes the largest such m, which leaves the upper part shortest.
///
/// Source: Griewank and Walther 2000, "Algorithm 799: revolve", ACM TOMS 26(1), for the count; the
/// interval of m follows as above. Tests compare both with the recursion.
public enum Revolve {
  /// One instruction to the owner of the states: `slots` of stored states, and a working state,
  /// which is `s_0` at the start.
  public enum Action: Hashable, Sendable {
    /// Copy the working state, which is `s_step`, into `slot`. The slot is empty.
    case store(step: Int, slot: Int)
    /// Copy `slot`, which holds `s_step`, into the working state. The slot keeps it.
    case restore(step: Int, slot: Int)
    /// `slot` is not needed any more and may be released. Always comes before the differentiated
    /// step during which it would otherwise be held.
    case free(slot: Int)
    /// Take plain steps `from + 1 ... to`: the working state goes from `s_from` to `s_to`.
    case advance(from: Int, to: Int)
    /// Evaluate step T plainly from the working state `s_{T-1}`, which must survive; hand `s_T` to
    /// the outer loss. Comes once, before the first `reverse`.
    case finish(step: Int)
    /// Take the adjoint from `s_step` to `s_{step-1}`; the working state is `s_{step-1}`. After it
    /// the working state is not used until a `restore`.
    case reverse(step: Int)
  }

  /// The least number of plain advances with which T steps can be reversed,
  /// `r T - C(c + r, r - 1)`; see `Revolve` for what is counted.
  ///
  /// - Parameters:
  ///   - steps: T, zero or more.
  ///   - checkpoints: c, at least 1: states stored at a time, the initial one included, the working
  ///     one excluded.
  /// - Returns: the count, or `Int.max` when `r T` exceeds it.
  /// - Throws: `RevolveError` for an argument out of range.
  /// - Complexity: O(min(c, r) log r) time, r about `T^(1/c)`; O(1) memory.
  public static func advances(steps: Int, checkpoints: Int) throws -> Int {
    try validate(steps: steps, checkpoints: checkpoints)
    guard steps > 1 else { return 0 }
    let c = min(checkpoints, steps - 1)
    let r = repetitions(steps: steps, checkpoints: c)
    let (product, overflow) = r.multipliedReportingOverflow(by: steps)
    return overflow ? .max : product - binomial(c + r, r - 1)
  }

  /// The actions that reverse T steps with the least number of advances, in order.
  ///
  /// A value: it can be iterated repeatedly, and always yields the same actions. It yields nothing
  /// for no steps; with `checkpoints >= steps - 1` every state is stored once and restored once.
  ///
  /// - Parameters: as for `advances(steps:checkpoints:)`.
  /// - Throws: `RevolveError` for an argument out of range.
  /// - Complexity: O(1) to make. An iteration holds O(min(c, T)) integers and spends
  ///   O(min(c, r) log r) time per action, r about `T^(1/c)`.
  public static func actions(steps: Int, checkpoints: Int) throws -> Schedule {
    try validate(steps: steps, checkpoints: checkpoints)
    return Schedule(steps: steps, checkpoints: checkpoints)
  }

  private static func validate(steps: Int, checkpoints: Int) throws {
    guard steps >= 0 else { throw RevolveError.negativeSteps(steps) }
    guard checkpoints >= 1 else { throw RevolveError.noCheckpoints(checkpoints) }
  }
}

// MARK: - Schedule

extension Revolve {
  /// The lazy sequence of actions made by `Revolve.actions(steps:checkpoints:)`.
  public struct Schedule: Sequence, Hashable, Sendable {
    /// T, the steps to reverse.
    public let steps: Int
    /// c, the states that may be stored at a time.
    public let checkpoints: Int

    public func makeIterator() -> Iterator { Iterator(steps: steps, checkpoints: checkpoints) }

    /// The recursion of `Revolve` unrolled: the stored steps are the stack, the stretch in work is
    /// from the top of the stack to `upper`.
    public struct Iterator: IteratorProtocol, Sendable {
      private let steps: Int
      private let checkpoints: Int
      /// The step held by each slot, ascending.
      private var stored: [Int] = []
      /// The last step that is not yet reversed.
      private var upper: Int
      /// The step of the working state; `upper` when it is no longer of use.
      private var working = 0
      private var isFinished = false

      fileprivate init(steps: Int, checkpoints: Int) {
        self.steps = steps
        self.checkpoints = checkpoints
        upper = steps
      }

      public mutating func next() -> Action? {
        guard upper > 0 else { return nil }

        if working == upper {
          // Reversed down to here: return to the nearest stored state.
          working = stored[stored.count - 1]
          return .restore(step: working, slot: stored.count - 1)
        }
        if working == upper - 1 {
          if stored.last == working {
            stored.removeLast()
            return .free(slot: stored.count)
          }
          if !isFinished {
            isFinished = true
            return .finish(step: steps)
          }
          defer { upper -= 1 }
          return .reverse(step: upper)
        }
        if stored.last != working {
          stored.append(working)
          return .store(step: working, slot: stored.count - 1)
        }
        let from = working
        let available = checkpoints - stored.count + 1
        working += Revolve.split(steps: upper - from, checkpoints: available)
        return .advance(from: from, to: working)
      }
    }
  }

  // MARK: - Counting

  /// The largest optimal m for a stretch of `steps >= 2` with `checkpoints >= 1` slots.
  fileprivate static func split(steps: Int, checkpoints: Int) -> Int {
    let c = min(checkpoints, steps - 1)
    let r = repetitions(steps: steps, checkpoints: c)
    return min(binomial(c + r - 1, c), steps - binomial(c + r - 2, c - 1))
  }

  /// The least r with `C(c + r, c) >= steps`, for `steps >= 2` and `1 <= c < steps`: how often the
  /// most repeated step is advanced over.
  static func repetitions(steps: Int, checkpoints c: Int) -> Int {
    // r = steps - 1 always suffices, since C(c + r, c) >= 1 + r.
    var tooFew = 0
    var enough = 1
    while binomial(c + enough, c) < steps {
      tooFew = enough
      enough = enough <= (steps - 1) / 2 ? 2 * enough : steps - 1
    }
    while enough - tooFew > 1 {
      let middle = tooFew + (enough - tooFew) / 2
      if binomial(c + middle, c) < steps { tooFew = middle } else { enough = middle }
    }
    return enough
  }

  /// `C(n, k)`, or `Int.max` when it is larger; 0 outside `0 <= k <= n`.
  ///
  /// - Complexity: O(min(k, n - k)) time, less when it saturates.
  static func binomial(_ n: Int, _ k: Int) -> Int {
    guard k >= 0, k <= n else { return 0 }
    var value: UInt = 1
    let k = min(k, n - k)
    for i in 0..<k {
      // value = C(n, i), and C(n, i + 1) = C(n, i) (n - i) / (i + 1) without remainder.
      let product = value.multipliedFullWidth(by: UInt(n - i))
      let divisor = UInt(i + 1)
      guard product.high < divisor else { return .max }
      value = divisor.dividingFullWidth(product).quotient
      guard value <= UInt(Int.max) else { return .max }
    }
    return Int(value)
  }
}

/// Why no schedule exists.
public enum RevolveError: ExplainedError, Hashable {
  /// A negative number of steps.
  case negativeSteps(Int)
  /// Fewer than one checkpoint.
  case noCheckpoints(Int)

  public var what: String {
    switch self {
    case .negativeSteps(let steps): "a reverse pass over \(steps) steps was asked for"
    case .noCheckpoints(let checkpoints): "`checkpoints` is \(checkpoints)"
    }
  }

  public var remedy: String {
    switch self {
    case .negativeSteps: "`steps` must be zero or more"
    case .noCheckpoints: "allow at least 1, the initial state, or raise the memory budget"
    }
  }
}
