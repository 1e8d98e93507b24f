internal import OuterloopStudy
internal import OuterloopText

/// A distribution that a parameter has in some trials, with values that it takes in them, at least
/// the extreme ones.
struct OptunaUsage {
  /// The name in Optuna.
  let name: String
  let distribution: String
  var values: [Double]
}

/// The parameters of a study in Optuna's tables as one of our spaces.
struct OptunaSpace {
  let space: SearchSpace
  var terms: OptunaTerms
  /// By their names in Optuna.
  private let parameters: [String: OptunaParameter]
  private let names: [String: String]
  /// All distributions of the study, by their text.
  let distributions: [String: OptunaDistribution]
  /// What is represented differently, for people.
  private(set) var notes: [String] = []

  /// - Parameters:
  ///   - uses: the distributions of each parameter, in the order in which they first occur.
  ///   - own: the specification of our study when it was exported; nil for a study created by
  ///     Optuna. Optuna may have continued it: its additions are merged in here.
  /// - Throws: `SpaceError` naming the parameter that cannot be expressed.
  init(_ uses: [OptunaUsage], of own: StudySpecification?) throws {
    var declarations = (own?.space.parameters ?? []).map {
      ParameterDeclaration($0.name, $0.domain, if: $0.condition?.description)
    }
    terms = own.flatMap { OptunaTerms(of: $0) } ?? OptunaTerms()
    var distributions: [String: OptunaDistribution] = [:]
    for use in uses where distributions[use.distribution] == nil {
      guard let distribution = try? OptunaDistribution(use.distribution) else {
        throw SpaceError(
          "parameter `\(use.name)` has a distribution that is not known: \(use.distribution)",
          "run `optuna storage upgrade` on the file")
      }
      distributions[use.distribution] = distribution
    }
    names = Self.names(uses.map(\.name), terms, besides: declarations.map(\.name))

    var parameters: [String: OptunaParameter] = [:]
    for declaration in declarations {
      let distribution = try OptunaDistribution(
        OptunaWriter.distribution(declaration.domain, terms.choices[declaration.name]).python)
      let name = terms.name(of: declaration.name)
      parameters[name] = OptunaParameter(name, distribution)
    }
    for use in uses {
      guard let distribution = distributions[use.distribution] else { continue }
      if parameters[use.name] == nil {
        parameters[use.name] = OptunaParameter(use.name, distribution)
      }
      try parameters[use.name]?.add(distribution)
      for value in use.values { parameters[use.name]?.add(value) }
    }
    var seen: Set<String> = []
    var new: [(OptunaParameter, name: String, Domain)] = []
    for theirs in uses.map(\.name) where seen.insert(theirs).inserted {
      guard let parameter = parameters[theirs], let name = names[theirs] else { continue }
      let place = declarations.firstIndex { $0.name == name }
      if place != nil, parameter.isUniform { continue }
      let domain = try naming("parameter `\(theirs)`") { try parameter.distribution.domain() }
      if let place {
        declarations[place].domain = domain
      } else {
        declarations.append(ParameterDeclaration(name, domain))
      }
      new.append((parameter, name, domain))
    }
    self.parameters = parameters
    self.distributions = distributions
    space = try SearchSpace(
      declarations, forbidden: own?.space.forbidden.map(\.description) ?? [])
    for (parameter, name, domain) in new { take(parameter, name, domain) }
  }

  /// Our names, by Optuna's. Names that are valid are kept, so that no other parameter takes them.
  private static func names(
    _ theirs: [String], _ terms: OptunaTerms, besides own: [String]
  ) -> [String: String] {
    var names = terms.ours
    for name in own where terms.names[name] == nil { names[name] = name }
    var taken = Set(own)
    for name in theirs where names[name] == nil {
      guard ParameterDeclaration.legalName(name, avoiding: taken) == name else { continue }
      names[name] = name
      taken.insert(name)
    }
    for name in theirs where names[name] == nil {
      let legal = ParameterDeclaration.legalName(name, avoiding: taken)
      names[name] = legal
      taken.insert(legal)
    }
    return names
  }

  /// Records, and notes, how a parameter of Optuna's is represented differently.
  private mutating func take(_ parameter: OptunaParameter, _ name: String, _ domain: Domain) {
    if name != parameter.name {
      terms.names[name] = parameter.name
      notes.append("parameter `\(parameter.name)` is called `\(name)` here")
    }
    if case .choices(let choices) = parameter.distribution {
      let values = (domain.choices ?? []).map { JSON($0) }
      let changed = zip(choices, values).filter { $0.python != $1.python }
      terms.choices[name] = changed.isEmpty ? nil : choices
      // Writing 1.0 as 1 needs no note.
      for (choice, value) in changed where choice.number == nil || choice.number != value.number {
        let theirs = choice == .null ? "None" : choice.python
        notes.append("parameter `\(name)`: the choice \(theirs) is the text \(value) here")
      }
    }
    if !parameter.isUniform {
      notes.append(
        "parameter `\(name)` has not the same range in all trials, or values outside of it: the "
          + "search goes on with \(domain)")
    }
  }

  /// Our name of a parameter, and the value that `read` returns; nil if there is no such parameter,
  /// or the value is invalid.
  func value(
    of theirs: String, _ read: (OptunaParameter, Domain) -> ParameterValue?
  ) -> (name: String, value: ParameterValue)? {
    guard let parameter = parameters[theirs], let name = names[theirs],
      let place = space.index(of: name),
      let value = read(parameter, space.parameters[place].domain)
    else { return nil }
    return (name, value)
  }
}
