/// How a store is opened.
public enum StoreAccess: Sendable, CaseIterable {
  /// Reads and writes; creates the store if it does not exist.
  case create
  /// Reads and writes an existing store.
  case write
  /// Read-only, also where writing is impossible.
  case read
}
