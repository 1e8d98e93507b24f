extension StudySpecification {
  /// What makes this another study than `other`; nil if suggestions would be the same.
  public func difference(from other: StudySpecification) -> String? {
    if space != other.space { return "another space" }
    if objectives != other.objectives { return "other objectives" }
    if method != other.method { return "another search method, \(method)" }
    if seed != other.seed { return "another seed, \(seed)" }
    if epochs != other.epochs { return "another number of epochs, \(epochs)" }
    return nil
  }
}
