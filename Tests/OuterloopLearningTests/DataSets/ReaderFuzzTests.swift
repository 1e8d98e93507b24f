import OuterloopLearning
import Testing

/// A short run of what `Fuzz` does at length; `ReaderTrials` is its code.
@Suite struct ReaderFuzzTests {
  @Test func seedsAreValid() {
    for (index, seed) in ReaderSeeds.all.enumerated() {
      let outcome = ReaderTrial.run(seed)
      #expect(outcome.accepted > 0, "seed \(index)")
      #expect(outcome.findings.isEmpty, "seed \(index)")
    }
  }

  @Test(arguments: 1...4 as ClosedRange<UInt64>) func mutationsGiveDataOrDataErrors(seed: UInt64) {
    var mutator = ReaderMutator(seed: seed)
    for count in 0..<1500 {
      let input = mutator.next()
      let outcome = ReaderTrial.run(input)
      #expect(outcome.findings.isEmpty, "mutation \(count): \(input)")
    }
  }
}
