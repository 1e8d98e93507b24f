import OuterloopLearning
import OuterloopText
import Testing

@testable import OuterloopLab

@Suite struct CleaningSettingsTests {
  @Test func standardSettingsAreValid() throws {
    try CleaningSettings().validate()
    try CleaningSettings.demonstration.validate()
  }

  /// A setting out of range.
  struct Change: Sendable, CustomTestStringConvertible {
    var name: String
    var apply: @Sendable (inout CleaningSettings) -> Void
    var testDescription: String { name }

    init(_ name: String, _ apply: @escaping @Sendable (inout CleaningSettings) -> Void) {
      self.name = name
      self.apply = apply
    }
  }

  static let changes: [Change] = [
    Change("train") { $0.train = 0 }, Change("validation") { $0.validation = -1 },
    Change("test") { $0.test = 0 }, Change("corrupt") { $0.corrupt = 1.5 },
    Change("corrupt") { $0.corrupt = .nan }, Change("steps") { $0.steps = 0 },
    Change("steps") { $0.steps = .max }, Change("hyper-steps") { $0.hyperSteps = 0 },
    Change("rate") { $0.rate = 0 }, Change("rate") { $0.rate = .infinity },
    Change("outer-rate") { $0.outerRate = -1 }, Change("total") { $0.total = 0 },
    Change("final-steps") { $0.finalSteps = 0 }, Change("threshold") { $0.threshold = 1 },
    Change("estimator") { $0.estimator = .truncated(2001) },
  ]

  @Test(arguments: changes)
  func namesWhatIsOutOfRange(_ change: Change) {
    var settings = CleaningSettings()
    change.apply(&settings)
    let error = #expect(throws: LabError.self) { try settings.validate() }
    #expect(error?.cause == .setting)
    #expect(error?.what.hasPrefix("--\(change.name) ") == true)
  }

  @Test(arguments: [
    ("reverse", CleaningMethod.reverse), ("reverse:64MB", .reverseWithin(bytes: 64_000_000)),
    ("reverse:1.5GB", .reverseWithin(bytes: 1_500_000_000)),
    ("reverse:4096", .reverseWithin(bytes: 4096)), ("truncated:100", .truncated(100)),
    ("one-step", .oneStep),
  ])
  func readsMethods(_ text: String, _ method: CleaningMethod) {
    #expect(CleaningMethod(text) == method)
    #expect(CleaningMethod(method.description) == method)
  }

  @Test(arguments: [
    "", "nonsense", "reverse:", "reverse:0", "reverse:-1MB", "reverse:nan", "reverse:1e99",
    "truncated", "truncated:0", "truncated:x", "one-step:1", "Reverse", "reverse:1:2",
  ])
  func refusesOtherMethods(_ text: String) {
    #expect(CleaningMethod(text) == nil)
  }

  @Test func fitsSizesToTheData() throws {
    func sizes(_ count: Int, test: Int?, _ asked: (Int?, Int?, Int?)) throws -> [Int] {
      let result = try CleaningSettings().sized(
        for: SampleData.parts(count, test: test), train: asked.0, validation: asked.1,
        test: asked.2)
      return [result.train, result.validation, result.test]
    }
    #expect(try sizes(100, test: nil, (nil, nil, nil)) == [40, 40, 10_000])
    #expect(try sizes(100, test: 9, (nil, nil, nil)) == [50, 50, 10_000])
    #expect(try sizes(100, test: 9, (70, nil, nil)) == [70, 30, 10_000])
    #expect(try sizes(100, test: 9, (nil, 20, nil)) == [80, 20, 10_000])
    #expect(try sizes(100, test: nil, (nil, nil, 10)) == [45, 45, 10])
    #expect(try sizes(30_000, test: nil, (nil, nil, nil)) == [5000, 5000, 10_000])
    #expect(try sizes(3, test: nil, (nil, nil, nil)) == [1, 1, 10_000])
  }

  @Test func namesDifferences() {
    var other = CleaningSettings()
    other.steps = 7
    other.total = 3
    #expect(
      CleaningSettings().differences(from: other) == [
        "--steps 2000, here 7", "--total auto, here 3.0",
      ])
    #expect(CleaningSettings().differences(from: CleaningSettings()).isEmpty)
  }
}
