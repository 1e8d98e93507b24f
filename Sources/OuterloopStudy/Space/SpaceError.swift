public import OuterloopText

/// What is wrong with a search space, a parameter or a value, and what to do about it.
public struct SpaceError: ExplainedError, Hashable {
  /// The thing concerned: a parameter's name, a line, a file; outermost first.
  public var place: [String]
  public var what: String
  public var remedy: String

  /// An error, what to do about it, and where it is.
  public init(_ what: String, _ remedy: String, in place: [String] = []) {
    self.what = what
    self.remedy = remedy
    self.place = place
  }

  /// The same error, with the thing around it named.
  public func inside(_ outer: String) -> SpaceError {
    SpaceError(what, remedy, in: [outer] + place)
  }
}

/// Runs `body`; a `SpaceError` out of it names `place`.
package func naming<T>(_ place: String, _ body: () throws -> T) throws -> T {
  do { return try body() } catch let error as SpaceError { throw error.inside(place) }
}
