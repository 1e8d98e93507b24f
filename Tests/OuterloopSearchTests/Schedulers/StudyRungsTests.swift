import OuterloopSearch
import OuterloopStudy
import Testing

/// Where the scheduler of a study compares trials.
@Suite struct StudyRungsTests {
  private func rungs(
    _ scheduler: String, epochs: Int = 27, sampler: String = "random"
  ) throws -> [Int] {
    try StudySpecification(
      name: "s", space: SearchSpace([ParameterDeclaration(parsing: "x=float(0, 1)")]),
      objectives: [.minimize("loss")],
      method: MethodDescription(.init(sampler), scheduler: .init(parsing: scheduler)), seed: 1,
      epochs: epochs
    ).rungs
  }

  @Test func schedulersWithRungs() throws {
    for name in ["asha", "hyperband", "halving", "asha:stopping=true"] {
      #expect(try rungs(name) == [1, 3, 9, 27], "\(name)")
    }
    #expect(try rungs("asha", epochs: 52) == [2, 6, 17, 52])
    #expect(try rungs("asha:factor=4,least=2", epochs: 32) == [2, 8, 32])
    #expect(try rungs("hyperband", epochs: 2) == [2])
  }

  /// None where there are none, and where nothing is known of the scheduler.
  @Test func others() throws {
    for name in ["none", "median", "patience", "freeze-thaw", "mine", "asha:factor=1"] {
      #expect(try rungs(name).isEmpty, "\(name)")
    }
    #expect(try rungs("asha", epochs: 1).isEmpty)
  }

  /// `auto` has those of what it begins with.
  @Test func auto() throws {
    #expect(try rungs("auto", sampler: "auto").isEmpty, "freeze-thaw")
    #expect(try rungs("auto", sampler: "tpe") == [1, 3, 9, 27], "asha")
  }
}
