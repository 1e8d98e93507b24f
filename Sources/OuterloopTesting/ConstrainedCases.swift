internal import OuterloopStudy

// Constraints that leave little of the space.
extension SearcherLaws.Case {
  private static func space(_ parameters: [String], _ forbidden: [String]) throws -> SearchSpace {
    try SearchSpace(
      parameters.map { try ParameterDeclaration(parsing: $0) }, forbidden: forbidden)
  }

  private static func names(_ count: Int) throws -> [String] {
    guard 1...1000 ~= count else {
      throw SpaceError(
        "`count` is \(count): a space of so many parameters cannot be made", "use 1...1000")
    }
    return (1...count).map { "t\($0)" }
  }

  /// t1 < t2 < ... of the unit interval: one in `count`! configurations.
  /// - Throws: `SpaceError` if `count` is not in 1...1000, and for an invalid domain.
  public static func ordered(_ count: Int, _ domain: String = "float(0, 1)") throws
    -> SearcherLaws.Case
  {
    let names = try names(count)
    return SearcherLaws.Case(
      "\(count) in order of \(domain)",
      try space(
        names.map { "\($0)=\(domain)" }, zip(names, names.dropFirst()).map { "\($0) >= \($1)" }))
  }

  /// Real numbers whose sum is at most 1.
  /// - Throws: `SpaceError` if `count` is not in 1...1000.
  public static func simplex(_ count: Int) throws -> SearcherLaws.Case {
    let names = try names(count)
    return SearcherLaws.Case(
      "simplex of \(count)",
      try space(
        names.map { "\($0)=float(0, 1)" }, [names.joined(separator: " + ") + " > 1"]))
  }

  /// Shapes that rejection sampling alone does not find, or hardly.
  ///
  /// - Throws: `SpaceError` for a space that cannot be read, and what the method throws.
  public static func constrained() throws -> [SearcherLaws.Case] {
    let three = ["a=float(0, 1, step 0.1)", "b=float(0, 1, step 0.1)", "c=float(0, 1, step 0.1)"]
    let names = try names(10)
    return [
      try ordered(6), try ordered(12), try ordered(20, "int(1, 22)"),
      try ordered(6, "log(1e-6, 1)"),
      try simplex(10),
      SearcherLaws.Case("decimal sum", try space(three, ["a + b + c != 1"])),
      SearcherLaws.Case(
        "ten weights",
        try space(
          names.map { "\($0)=float(0, 1, step 0.05)" },
          [names.joined(separator: " + ") + " != 1"])),
      SearcherLaws.Case(
        "equality of real numbers",
        try space(["a=float(0, 1)", "b=float(0, 1)", "c=float(0, 1)"], ["a + b + c != 1"])),
      SearcherLaws.Case(
        "narrow band",
        try space(
          ["low=float(0, 1)", "high=float(0, 1)", "z=float(0, 1)"],
          ["low + 0.0001 < high", "high <= low"])),
      SearcherLaws.Case(
        "small product",
        try space(
          names.map { "\($0)=float(0, 1)" }, [names.joined(separator: " * ") + " < 0.1"])),
      SearcherLaws.Case(
        "below a hyperbola",
        try space(["x=float(1, 1000)", "y=float(1, 1000)"], ["x * y > 1.5"])),
      SearcherLaws.Case(
        "either corner",
        try space(
          ["x=float(0, 1)", "y=float(0, 1)", "z=log(1e-3, 1)"],
          ["not (x < 0.003 and y < 0.003 or x > 0.998 and y > 0.998 and z < 0.01)"])),
      SearcherLaws.Case(
        "by choice",
        try space(
          [
            "kind=choice(a, b, c, d)", "n=int(1, 100000)", "m=int(1, 100000)",
            "w=float(0, 1) if kind == b",
          ],
          [
            "kind in [a, d]", "kind == b and (n != 5 * m or w > 0.01)",
            "kind == c and n * m != 999",
          ])),
      SearcherLaws.Case(
        "few of many",
        try space(
          ["n=int(0, 1000000)", "m=int(0, 1000000)"],
          ["n not in [1, 17, 65536, 999999]", "m / n != 1"])),
      SearcherLaws.Case(
        "under a condition",
        try space(
          [
            "deep=choice(true, false)", "a=float(0, 1) if deep", "b=float(0, 1) if deep",
            "c=float(0, 1)",
          ], ["a + b + c > 0.02", "not deep and c > 1e-4"])),
      SearcherLaws.Case(
        "ratio",
        try space(
          ["p=int(1, 1000)", "q=int(1, 1000)", "r=log(1e-4, 1)"],
          ["p / q > 0.334", "p / q < 0.333", "r * q > 0.1"])),
    ]
  }
}
