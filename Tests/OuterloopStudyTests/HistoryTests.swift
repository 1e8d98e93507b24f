import OuterloopStudy
import Testing

@Suite struct HistoryTests {
  private func history(_ kinds: [Event.Kind]) throws -> History {
    var space = SearchSpace()
    _ = try space.float("x", 0...1)
    let first = Event.Kind.suggested(try space.assignment(["x": 0.5]), through: 9, seen: 0)
    var history = History()
    for (index, kind) in ([first] + kinds).enumerated() {
      history.apply(Event(revision: index + 1, time: Double(index), trial: 0, kind))
    }
    return history
  }

  private func reports(_ epochs: [Int], attempt: Int = 1) -> [Event.Kind] {
    epochs.map { .reported(attempt: attempt, Report(epoch: $0, ["loss": 1])) }
  }

  private let begun = Event.Kind.claimed(attempt: 1, worker: "w")

  /// A budget of epochs is about what was trained, however often a program reports.
  @Test(arguments: [
    [1, 2, 3, 4, 5, 6, 7, 8, 9], [3, 6, 9], [9], [9, 9, 9], [3, 2, 1, 9],
  ]) func epochsThatWereTrained(epochs: [Int]) throws {
    #expect(try history([begun] + reports(epochs)).epochs == 9)
  }

  @Test func epochsThatAreTrainedAgainCountAgain() throws {
    let first = [begun] + reports([1, 2, 3])
    let again = [.released(attempt: 1, .lost), Event.Kind.claimed(attempt: 2, worker: "v")]
    #expect(try history(first + again + reports([1, 2, 3], attempt: 2)).epochs == 6)
    let kept = first + [.checkpointed(attempt: 1, epoch: 2)] + again
    #expect(try history(kept + reports([3, 4], attempt: 2)).epochs == 5)
    let absurd = [begun] + reports([.max]) + again + reports([.max], attempt: 2)
    #expect(try history(absurd).epochs == .max)
    let ahead = [begun, .checkpointed(attempt: 1, epoch: 2)] + again
    #expect(try history(ahead + reports([3], attempt: 2)).epochs == 3)
  }

  /// A program may save its state and then report.
  @Test func checkpointsThatComeFirst() throws {
    let epochs = (1...4).flatMap { epoch in
      [Event.Kind.checkpointed(attempt: 1, epoch: epoch)] + reports([epoch])
    }
    #expect(try history([begun] + epochs).epochs == 4)
  }
}
