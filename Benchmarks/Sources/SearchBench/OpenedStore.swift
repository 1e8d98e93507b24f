import Outerloop
import OuterloopPostgres
import OuterloopStore

/// The store in a file, or at a URL; made if there is none.
///
/// - Parameter clock: seconds since 1970; nil: the store's own.
func openStore(
  _ place: String, clock: (@Sendable () -> Double)? = nil
) throws -> any RestoringStore {
  if let address = PostgresAddress(place) {
    return try PostgresStore(address, .create, clock: clock)
  }
  return try SQLiteStore(place, .create, clock: clock ?? SystemClock.now)
}
