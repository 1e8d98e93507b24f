import OuterloopBilevel
import OuterloopText
import Testing

/// The schedule is run on a machine that checks every instruction; counts are compared with the
/// recursion they solve.
@Suite struct RevolveTests {
  @Test(
    arguments: [(10, 3, 15), (100, 5, 316), (1_000, 10, 3_636), (4_000, 20, 13_976)]
      as [(Int, Int, Int)])
  func knownCounts(steps: Int, checkpoints: Int, advances: Int) throws {
    #expect(try Revolve.advances(steps: steps, checkpoints: checkpoints) == advances)
    let run = try Machine.run(steps: steps, checkpoints: checkpoints)
    #expect(run.advances == advances)
  }

  @Test func equalsTheDynamicProgram() throws {
    let mostSteps = 60
    let mostCheckpoints = 12
    let least = dynamicProgram(steps: mostSteps, checkpoints: mostCheckpoints)
    for steps in 1...mostSteps {
      for checkpoints in 1...mostCheckpoints {
        let count = try Revolve.advances(steps: steps, checkpoints: checkpoints)
        let run = try Machine.run(steps: steps, checkpoints: checkpoints)
        #expect(count == least[checkpoints][steps], "T = \(steps), c = \(checkpoints)")
        #expect(run.advances == count, "T = \(steps), c = \(checkpoints)")
      }
    }
  }

  @Test func oneCheckpointIsQuadratic() throws {
    for steps in [1, 2, 3, 10, 1_000] {
      let run = try Machine.run(steps: steps, checkpoints: 1)
      #expect(run.advances == steps * (steps - 1) / 2)
      #expect(try Revolve.advances(steps: steps, checkpoints: 1) == run.advances)
    }
  }

  @Test(arguments: [9, 10, 11, 1_000, Int.max])
  func enoughCheckpointsStorePlainly(checkpoints: Int) throws {
    let run = try Machine.run(steps: 10, checkpoints: checkpoints)
    #expect(run.advances == 9)
    #expect(run.stores == 9)
    #expect(run.restores == 9)
    #expect(run.peak == 9)
  }

  @Test func smallSchedules() throws {
    #expect(Array(try Revolve.actions(steps: 0, checkpoints: 1)) == [])
    #expect(
      Array(try Revolve.actions(steps: 1, checkpoints: 3)) == [.finish(step: 1), .reverse(step: 1)])
    #expect(
      Array(try Revolve.actions(steps: 4, checkpoints: 2)) == [
        .store(step: 0, slot: 0), .advance(from: 0, to: 2),
        .store(step: 2, slot: 1), .advance(from: 2, to: 3),
        .finish(step: 4), .reverse(step: 4),
        .restore(step: 2, slot: 1), .free(slot: 1), .reverse(step: 3),
        .restore(step: 0, slot: 0), .advance(from: 0, to: 1), .reverse(step: 2),
        .restore(step: 0, slot: 0), .free(slot: 0), .reverse(step: 1),
      ])
    #expect(try Revolve.advances(steps: 0, checkpoints: 1) == 0)
    #expect(try Revolve.advances(steps: 1, checkpoints: 1) == 0)
  }

  @Test(arguments: [1, 2, 3, 10, 50, 99_998, 99_999, 100_000])
  func aHundredThousandSteps(checkpoints: Int) throws {
    // One slot is quadratic in steps advanced, not in actions.
    let clock = ContinuousClock()
    var run = Machine(steps: 0, checkpoints: 1)
    let spent = try clock.measure {
      run = try Machine.run(steps: 100_000, checkpoints: checkpoints)
    }
    #expect(run.advances == (try Revolve.advances(steps: 100_000, checkpoints: checkpoints)))
    #expect(spent < .seconds(5))
  }

  @Test func aScheduleIsAValue() throws {
    let schedule = try Revolve.actions(steps: 37, checkpoints: 4)
    #expect(Array(schedule) == Array(schedule))
    #expect(schedule.steps == 37)
    #expect(schedule.checkpoints == 4)
    var iterator = schedule.makeIterator()
    while iterator.next() != nil {}
    #expect(iterator.next() == nil)
  }

  @Test func countsDoNotOverflow() throws {
    #expect(try Revolve.advances(steps: .max, checkpoints: 1) == .max)
    #expect(try Revolve.advances(steps: .max, checkpoints: .max) == .max - 1)
    // Beyond 32 bits, from the formula in arbitrary precision.
    #expect(try Revolve.advances(steps: 1 << 40, checkpoints: 40) == 14_284_986_686_684)
    #expect(try Revolve.advances(steps: 1 << 50, checkpoints: 30) == 25_935_667_781_063_136)
    // More checkpoints never cost more; more steps never cost less.
    var previous = Int.max
    for checkpoints in 1...70 {
      let count = try Revolve.advances(steps: 1_000_000, checkpoints: checkpoints)
      #expect(count < previous)
      #expect(try Revolve.advances(steps: 1_000_001, checkpoints: checkpoints) > count)
      previous = count
    }
    // The first actions of an astronomic schedule come at once.
    let first = Array(try Revolve.actions(steps: 1 << 60, checkpoints: 30).prefix(3))
    #expect(first.count == 3)
    #expect(first.first == .store(step: 0, slot: 0))
  }

  @Test func refusesInvalidArguments() {
    #expect(throws: RevolveError.negativeSteps(-1)) {
      try Revolve.advances(steps: -1, checkpoints: 1)
    }
    #expect(throws: RevolveError.noCheckpoints(0)) {
      try Revolve.actions(steps: 5, checkpoints: 0)
    }
    #expect(
      RevolveError.noCheckpoints(0).description
        == "`checkpoints` is 0; allow at least 1, the initial state, or raise the memory budget")
  }
}

/// Runs a schedule with a state that is its own step number, and throws at the first instruction
/// that cannot be followed.
private struct Machine {
  let steps: Int
  let checkpoints: Int
  private var slots: [Int: Int] = [:]
  /// The working state; nil when it is spent.
  private var working: Int? = 0
  private var next: Int
  private var isFinished = false
  private(set) var advances = 0
  private(set) var stores = 0
  private(set) var restores = 0
  private(set) var peak = 0

  struct Fault: Error {
    let action: Revolve.Action
  }

  init(steps: Int, checkpoints: Int) {
    self.steps = steps
    self.checkpoints = checkpoints
    next = steps
  }

  static func run(steps: Int, checkpoints: Int) throws -> Machine {
    var machine = Machine(steps: steps, checkpoints: checkpoints)
    for action in try Revolve.actions(steps: steps, checkpoints: checkpoints) {
      guard machine.follow(action) else { throw Fault(action: action) }
    }
    #expect(machine.next == 0)
    #expect(machine.slots.isEmpty)
    #expect(machine.peak <= checkpoints)
    return machine
  }

  private mutating func follow(_ action: Revolve.Action) -> Bool {
    switch action {
    case .store(let step, let slot):
      guard working == step, slots[slot] == nil, (0..<checkpoints).contains(slot) else {
        return false
      }
      slots[slot] = step
      stores += 1
      peak = max(peak, slots.count)
    case .restore(let step, let slot):
      guard slots[slot] == step else { return false }
      working = step
      restores += 1
    case .free(let slot):
      guard slots.removeValue(forKey: slot) != nil else { return false }
    case .advance(let from, let to):
      guard working == from, to > from, to < next else { return false }
      working = to
      advances += to - from
    case .finish(let step):
      guard step == steps, working == steps - 1, !isFinished, next == steps else { return false }
      isFinished = true
    case .reverse(let step):
      guard isFinished, step == next, working == step - 1 else { return false }
      next -= 1
      working = nil
    }
    return true
  }
}

/// `least[c][l]` by the recursion, over all splits.
private func dynamicProgram(steps: Int, checkpoints: Int) -> [[Int]] {
  let impossible = Int.max / 4
  var least = [[Int]](
    repeating: [Int](repeating: impossible, count: steps + 1), count: checkpoints + 1)
  for c in 0...checkpoints { least[c][1] = 0 }
  for c in 1...checkpoints {
    for l in stride(from: 2, through: steps, by: 1) {
      for m in 1..<l {
        least[c][l] = min(least[c][l], m + least[c - 1][l - m] + least[c][m])
      }
    }
  }
  return least
}
