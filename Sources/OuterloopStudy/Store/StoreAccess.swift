/// What is to be done with a store.
public enum StoreAccess: Sendable, CaseIterable {
  /// Reads and writes a store; makes it if there is none.
  case create
  /// Reads and writes a store that is there.
  case write
  /// Only reads, also where nothing can be written.
  case read
}
