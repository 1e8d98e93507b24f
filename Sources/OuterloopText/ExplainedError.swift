/// An error that names what it concerns, what is wrong, and what to do about it.
///
/// Every error that a module of this package throws to its caller conforms to it. The types add what
/// callers match on: a kind of error, the numbers of a failed solve.
public protocol ExplainedError: Error, Sendable, CustomStringConvertible {
  /// The thing concerned, outermost first: a file and a line, a parameter. Empty where `what` names it.
  var place: [String] { get }
  /// What is wrong, with the values.
  var what: String { get }
  /// What to do about it; empty where `what` is sufficient.
  var remedy: String { get }
}

extension ExplainedError {
  public var place: [String] { [] }

  /// What is wrong, and where: `data.csv, line 3: the row has 4 columns instead of 5`.
  public var statement: String { (place + [what]).joined(separator: ": ") }

  /// The statement and the remedy: `STATEMENT; REMEDY`.
  public var description: String { remedy.isEmpty ? statement : "\(statement); \(remedy)" }
}
