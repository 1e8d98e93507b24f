internal import OuterloopStudy

// Every kind of domain that can be declared, alone and along with others.
extension SearcherLaws.Case {
  /// One parameter of a domain, along with a real number, a choice and a parameter that depends on
  /// the choice, so that joint densities and conditions interact with the domain.
  ///
  /// - Throws: `SpaceError` for a space that cannot be read, and what the method throws.
  public static func domain(_ text: String) throws -> SearcherLaws.Case {
    let declarations = [
      "d=\(text)", "x=float(0, 1)", "c=choice(p, q, r)", "e=\(text) if c == p",
    ]
    return SearcherLaws.Case(
      text.count > 60 ? "\(text.prefix(60))..." : text,
      try SearchSpace(declarations.map { try ParameterDeclaration(parsing: $0) }))
  }

  /// The domain alone.
  ///
  /// - Throws: `SpaceError` for a space that cannot be read, and what the method throws.
  public static func lone(_ text: String) throws -> SearcherLaws.Case {
    SearcherLaws.Case(
      "alone: \(text.count > 60 ? "\(text.prefix(60))..." : text)",
      try SearchSpace([ParameterDeclaration(parsing: "d=\(text)")]))
  }

  /// Domains by kind: real and whole numbers, on a log scale or not, with steps or not, on ranges of
  /// all sizes; choices and ordinals with one to thousands of values of all types; constants.
  public static let domains: [String] = {
    let reals = [
      "0, 1", "-5, 5", "-1e300, 1e300", "1e-320, 1e-310", "0, 5e-324", "1, 1.0000000000000002",
      "2, 2", "-3, -1", "1e15, 1e15", "0, 1, step 0.1", "0, 1, step 0.3333333333333333",
      "0, 0.5, step 1", "-1, 1, step 1e-15", "1e10, 10000000001, step 0.1",
      "0, 1e-300, step 1e-301",
      "-1e300, 1e300, step 1e299",
    ]
    let logs = [
      "1e-5, 1", "1e-300, 1e300", "5e-324, 1", "3, 3", "1, 1.0000000000000002",
      "0.1, 1, step 0.5", "0.5, 9, step 1", "1, 8, step 3", "1e-3, 1e3, step 1e-3",
      "2, 2.5, step 1",
    ]
    let wholes = [
      "1, 5", "-3, 30, step 3", "7, 7", "0, 9007199254740992", "-9007199254740992, 0",
      "-9007199254740991, 9007199254740992, step 3", "-1000, -990", "0, 1, step 5",
      "0, 1000000, step 7",
    ]
    let logWholes = [
      "1, 8", "1, 8, step 3", "1, 1", "1, 9007199254740992", "1, 2, step 9", "3, 300, step 9",
      "1, 1000000",
    ]
    func list(_ count: Int, _ item: (Int) -> String) -> String {
      (0..<count).map(item).joined(separator: ", ")
    }
    let values = [
      "a", "a, b", "1, 2, 4", "true, false", "1.5, a, true, 2", "'', ' ', 'a b'", "1, '1'",
      list(300) { "v\($0)" }, list(3000) { "\($0 * $0)" },
    ]
    return reals.map { "float(\($0))" } + logs.map { "float(\($0), log)" }
      + wholes.map { "int(\($0))" } + logWholes.map { "int(\($0), log)" }
      + values.map { "choice(\($0))" } + values.map { "ordinal(\($0))" }
      + ["constant(1)", "constant(a)", "constant(0.5)"]
  }()
}
