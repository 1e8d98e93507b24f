import Foundation
import OuterloopPostgres
import OuterloopStudy

extension AbuseRoom {
  static let postgres = AbuseRoom("OuterloopPostgres") { room in
    let texts = Studies.texts + ServerStore.urls
    room.add("PostgresAddress.init", texts) { text in
      let address = PostgresAddress(text)
      return
        "\(address?.description ?? "") \(address?.database ?? "") \(address?.hasPassword ?? false)"
    }
    room.add("PostgresAddress.withoutPasswords", texts) { PostgresAddress.withoutPasswords($0) }
    room.add("PostgresStore.init", ServerStore.urls, StoreAccess.allCases) {
      guard let address = PostgresAddress($0) else { return 0 }
      return try PostgresStore(address, $1, patience: 0).address
    }
    room.add("PostgresStore.init", Edges.numbers) { number in
      let address = try ServerStore.address()
      let store = try PostgresStore(address, .create, patience: number)
      _ = try await store.studies()
      return try await PostgresStore(address, .write, patience: 1) { number }.now()
    }
    room.add("PostgresStore.restore", Studies.kinds, Edges.integers) { kind, number in
      let store = try await ServerStore.empty()
      let first = Event(revision: 1, time: .nan, trial: 0, try Studies.suggestion())
      return try await store.restore(
        Studies.specification(),
        events: [first, Event(revision: number, time: .infinity, trial: number, kind)])
    }
    room.addStores(named: "PostgresStore") { try await ServerStore.empty() }
    room.exclude("takes no values", "PostgresStore.now", "PostgresStore.studies")
  }
}

/// A store on the server that OUTERLOOP_ABUSE_STORE names; without one all that needs a server is an error.
private enum ServerStore {
  static let urls = [
    "postgres://", "postgres://\0", "postgres://%", "postgres://%00@h/x", "postgres://:@:/",
    "postgres://a:b@127.0.0.1:1/x?connect_timeout=1", "postgresql://[::1",
    "postgres:///?host=/nowhere",
    "postgres:///x?password=&password=%&host=/nowhere", "postgres://@@@@h:p@q/?x",
    "postgres://" + String(repeating: "x", count: 9999),
  ]

  static func address() throws -> PostgresAddress {
    let text = ProcessInfo.processInfo.environment["OUTERLOOP_ABUSE_STORE"] ?? ""
    guard let address = PostgresAddress(text) else {
      throw StudyError("there is no server", "install PostgreSQL")
    }
    return address
  }

  private static let shared = Result { try PostgresStore(address(), .create, patience: 1) { 1e9 } }

  /// The store without studies.
  static func empty() async throws -> PostgresStore {
    let store = try shared.get()
    for study in try await store.studies() { try await store.delete(study) }
    return store
  }
}
