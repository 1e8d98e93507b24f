/// Decides when a study has converged. Like a searcher it is a fold over the study's events: replaying them
/// gives the same decision.
///
/// A study that was stopped may be reopened (`Event.Kind.reopened`): a rule then asks for new evidence, from
/// later trials, before it stops the study again.
public protocol StopRule: Sendable {
  /// Observes an event that has just been applied to `history`.
  mutating func observe(_ event: Event, in history: History)

  /// Why the study should start no further trial, as a phrase; nil: it should continue.
  ///
  /// - Throws: `StudyError` if the rule cannot judge the study.
  mutating func reason(in history: History) throws -> String?
}

/// A rule as a value: how to make it for a study, and how the store names it.
public struct StopRuleMethod: Sendable {
  /// How the store names the rule.
  public let description: ComponentDescription
  /// Makes the rule for a study.
  public let make: @Sendable (StudySpecification) throws -> any StopRule

  /// A rule by its description and how to make it.
  public init(
    _ description: ComponentDescription,
    make: @escaping @Sendable (StudySpecification) throws -> any StopRule
  ) {
    self.description = description
    self.make = make
  }
}

/// A searcher that is asked until a rule ends the study.
struct StoppingSearch: Searcher {
  private var searcher: any Searcher
  private var rules: [any StopRule]

  init(_ searcher: any Searcher, _ rules: [any StopRule]) {
    self.searcher = searcher
    self.rules = rules
  }

  var choice: String? { searcher.choice }

  mutating func observe(_ event: Event, in history: History) {
    searcher.observe(event, in: history)
    for place in rules.indices { rules[place].observe(event, in: history) }
  }

  mutating func propose(_ number: Int?, in history: History) throws -> Proposal {
    for place in rules.indices {
      if let reason = try rules[place].reason(in: history) { return .stop(reason: reason) }
    }
    return try searcher.propose(number, in: history)
  }

  mutating func verdict(on trial: Int, in history: History) throws -> Verdict {
    try searcher.verdict(on: trial, in: history)
  }
}
