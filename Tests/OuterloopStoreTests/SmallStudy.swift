import OuterloopPostgres
import OuterloopStudy
import PostgresServer
import Testing

/// A study with one parameter and one objective.
enum SmallStudy {
  static func specification() throws -> StudySpecification {
    var space = SearchSpace()
    _ = try space.float("x", 0...1)
    return try StudySpecification(
      name: "s", space: space, objectives: [.minimize("loss")], method: MethodDescription("random"),
      seed: 0)
  }

  static func suggestion(_ space: SearchSpace) throws -> Event.Kind {
    let assignment = try #require(space.assignment { _, domain in domain.value(atUnit: 0.5) })
    return .suggested(assignment, through: 1, seen: 0)
  }
}

/// A small study on the shared server, which is reached through a network that may fail.
struct ProxiedStudy {
  let database: PostgresDatabase
  let proxy: TCPProxy
  let store: PostgresStore
  let specification: StudySpecification
  let study: StudyID

  init() async throws {
    let server = try #require(PostgresServer.shared)
    database = try PostgresDatabase(server)
    proxy = try TCPProxy(to: server.port)
    let url = server.networkURL(database.name, port: proxy.port)
    store = try PostgresStore(try #require(PostgresAddress(url)), .create)
    specification = try SmallStudy.specification()
    study = try await store.create(specification)
  }
}
