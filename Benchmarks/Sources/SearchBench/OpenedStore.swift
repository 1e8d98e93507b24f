import Outerloop
import OuterloopPostgres
import OuterloopStore

/// The store in a file, or at a URL; created if there is none.
func openStore(_ place: String) throws -> any RestoringStore {
  if let address = PostgresAddress(place) { return try PostgresStore(address, .create) }
  return try SQLiteStore(place, .create)
}
