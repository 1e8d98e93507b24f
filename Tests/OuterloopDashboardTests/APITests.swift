import OuterloopStudy
import OuterloopText
import Testing

@testable import OuterloopDashboard

@Suite("The API") struct APITests {
  @Test("the store and its studies") func studies() async throws {
    let fixture = try await Fixture()
    let store = try await fixture.json("/api/v1")
    #expect(store["api"]?.int == 1)
    #expect(store["version"]?.text == "1.2.3")
    let studies = try #require(try await fixture.json("/api/v1/studies")["studies"]?.array)
    #expect(studies.count == 1)
    let study = studies[0]
    #expect(study["name"]?.text == "study")
    #expect(study["trials"]?.int == 12)
    #expect(study["counts"]?["complete"]?.int == 9)
    #expect(study["counts"]?["failed"]?.int == 2)
    #expect(study["counts"]?["running"]?.int == 1)
    // Trial 9 failed, so the best is trial 10.
    #expect(study["best"]?["trial"]?.int == 10)
    #expect(study["improvements"]?.array?.last?.array?.first?.int == 11)
    #expect(study["budget"]?["trials"]?.int == 100)
    #expect(study["budget"]?["epochs"] == .null)
  }

  @Test("a study, with what a page needs") func study() async throws {
    let fixture = try await Fixture()
    let study = try await fixture.json("/api/v1/studies/1")
    #expect(study["parameters"]?.array?.map { $0["name"]?.text } == ["lr", "opt", "momentum"])
    #expect(study["parameters"]?.array?[1]["choices"]?.array?.last?.text == "<b>bold</b>")
    #expect(study["parameters"]?.array?[2]["condition"]?.text == "opt == 'sgd'")
    #expect(study["metrics"]?.array?.map(\.text) == ["loss", "memory"])
    #expect(study["bestTrial"]?["number"]?.int == 10)
    #expect(study["command"]?.text == "train --trial 10")
    let plots = study["plots"]?.array?.compactMap { $0["name"]?.text } ?? []
    #expect(plots.contains("history") && plots.contains("slices") && !plots.contains("front"))
    for plot in plots {
      let picture = try await fixture.get("/api/v1/studies/1/plots/\(plot).svg")
      #expect(picture.status == .ok, "\(plot): \(picture.text.prefix(200))")
      #expect(picture[header: "Content-Type"]?.hasPrefix("image/svg+xml") == true)
      #expect(picture.text.hasPrefix("<svg"))
    }
  }

  @Test("trials are filtered, sorted and paged on the server") func trials() async throws {
    let fixture = try await Fixture(trials: 40)
    func numbers(_ query: String) async throws -> (total: Int?, numbers: [Int]) {
      let page = try await fixture.json("/api/v1/studies/1/trials?\(query)")
      return (page["total"]?.int, page["trials"]?.array?.compactMap { $0["number"]?.int } ?? [])
    }
    #expect(try await numbers("").total == 40)
    #expect(try await numbers("offset=3&limit=2").numbers == [3, 4])
    #expect(try await numbers("reverse=true&limit=2").numbers == [39, 38])
    #expect(try await numbers("state=failed").numbers == [4, 9, 14, 19, 24, 29, 34])
    #expect(try await numbers("state=failed&state=running").total == 8)
    #expect(
      try await numbers("where=loss+%3C+0.03+and+state+%3D%3D+complete&sort=loss").numbers
        == [38, 37, 36, 35, 33])
    #expect(try await numbers("offset=1000").numbers == [])
    #expect(try await numbers("limit=100000").numbers.count == 40)
  }

  @Test(
    "what cannot be meant is said",
    arguments: [
      ("/api/v1/studies/7", 404, "no study 7"), ("/api/v1/studies/x", 404, "no study"),
      ("/api/v1/studies/1/trials/99", 404, "no trial 99"),
      ("/api/v1/studies/1/trials?where=losss+%3C+1", 400, "losss"),
      ("/api/v1/studies/1/trials?where=loss+%3C", 400, ""),
      ("/api/v1/studies/1/trials?sort=nothing", 400, "nothing"),
      ("/api/v1/studies/1/trials?state=dead", 400, "dead"),
      ("/api/v1/studies/1/trials?limit=-1", 400, "limit"),
      ("/api/v1/studies/1/plots/histroy.svg", 404, "histroy"),
      ("/api/v1/studies/1/plots/front.svg", 409, "front"),
      ("/api/v1/studies/1/plots/history.svg?scale=cubic", 400, "cubic"),
      ("/api/v1/studies/1/plots/history.svg?objective=nothing", 404, "nothing"),
      ("/api/v1/studies/1/trials/1/log", 404, "log"),
      ("/api/v1/studies/1/trials/1/files/../../x", 404, ""),
      ("/api/v1/compare.svg", 400, "studies"), ("/nothing", 404, "nothing"),
      ("/assets/nothing.js", 404, "nothing.js"),
    ])
  func errors(_ target: String, _ status: Int, _ word: String) async throws {
    let response = try await Fixture().get(target)
    #expect(response.status.rawValue == status, "\(response.text)")
    let body = try #require(JSONReader.value(response.text))
    #expect(body["error"]?.text?.contains(word) == true, "\(response.text)")
    #expect(body["remedy"]?.text?.isEmpty == false)
  }

  @Test("a metric that is no objective can be drawn, on either scale") func metrics() async throws {
    let fixture = try await Fixture()
    let picture = try await fixture.get(
      "/api/v1/studies/1/plots/history.svg?objective=memory&direction=maximize&scale=linear")
    #expect(picture.text.contains("memory (maximize)"))
    let log = try await fixture.get("/api/v1/studies/1/plots/history.svg?scale=log")
    let linear = try await fixture.get("/api/v1/studies/1/plots/history.svg?scale=linear")
    #expect(log.text != linear.text)
    #expect(log.text.contains("data-trial=\"3\""))
  }

  @Test("files have the choice that was asked for") func files() async throws {
    let fixture = try await Fixture()
    let table = try await fixture.get("/api/v1/studies/1/trials.csv?state=failed")
    #expect(table.text.split(separator: "\n").count == 3)
    #expect(table[header: "Content-Disposition"] == "attachment; filename=\"study.csv\"")
    let lines = try await fixture.get("/api/v1/studies/1/trials.jsonl?sort=loss&where=number+%3C+3")
    #expect(
      lines.text.split(separator: "\n").map { JSONReader.value(String($0))?["number"]?.int } == [
        2, 1, 0,
      ])
  }

  @Test("actions are events of the store") func actions() async throws {
    let fixture = try await Fixture()
    let place = "/api/v1/studies/1"
    let added = try await fixture.send(
      "POST", "\(place)/trials", #"{"params": {"lr": 0.01, "opt": "adam"}}"#)
    #expect(added.status == .created)
    #expect(try await fixture.json("\(place)/trials/12")["state"]?.text == "waiting")
    let wrong = try await fixture.send("POST", "\(place)/trials", #"{"params": {"lr": 7}}"#)
    #expect(wrong.status == .badRequest && wrong.text.contains("lr"))

    #expect(try await fixture.send("POST", "\(place)/trials/4/retry", "{}").status == .ok)
    #expect(try await fixture.json("\(place)/trials/4")["state"]?.text == "waiting")
    #expect(try await fixture.send("POST", "\(place)/trials/3/retry", "{}").status == .conflict)
    #expect(try await fixture.send("POST", "\(place)/trials/4/stop", "{}").status == .ok)
    #expect(try await fixture.json("\(place)/trials/4")["reason"]?.text == "cancelled")
    #expect(try await fixture.send("POST", "\(place)/trials/4/stop", "{}").status == .conflict)

    #expect(try await fixture.send("POST", "\(place)/trials/11/stop", "{}").status == .ok)
    let stopped = try await fixture.json("\(place)/trials/11")
    #expect(stopped["state"]?.text == "failed" && stopped["reason"]?.text == "cancelled")

    #expect(try await fixture.send("POST", "\(place)/stop", #"{"reason": "enough"}"#).status == .ok)
    #expect(try await fixture.json(place)["ended"]?.text == "enough")
    #expect(try await fixture.send("POST", "\(place)/stop", "{}").status == .conflict)
    #expect(try await fixture.send("POST", "\(place)/reopen", "{}").status == .ok)
    #expect(try await fixture.json(place)["ended"] == .null)

    #expect(try await fixture.json(place)["paused"]?.bool == false)
    #expect(try await fixture.send("POST", "\(place)/resume", "{}").status == .conflict)
    #expect(try await fixture.send("POST", "\(place)/pause", "{}").status == .ok)
    #expect(try await fixture.send("POST", "\(place)/pause", "{}").status == .conflict)
    #expect(try await fixture.json(place)["paused"]?.bool == true)
    #expect(try await fixture.send("POST", "\(place)/resume", "{}").status == .ok)
    #expect(try await fixture.json(place)["paused"]?.bool == false)

    let revision = try await fixture.store.summary(of: fixture.study).revision
    let budget = try await fixture.send(
      "POST", "\(place)/budget", #"{"trials": null, "epochs": 7}"#)
    #expect(budget.status == .ok)
    let now = try await fixture.json(place)["budget"]
    #expect(now?["trials"] == .null && now?["epochs"]?.int == 7)
    for bad in [#"{}"#, #"{"trials": -1}"#, #"{"trials": "many"}"#, "[]", "", "{"] {
      #expect(try await fixture.send("POST", "\(place)/budget", bad).status == .badRequest)
    }

    #expect(
      try await fixture.send("PUT", "\(place)/trials/3/notes", #"{"text": "*good*"}"#).status == .ok
    )
    #expect(try await fixture.json("\(place)/trials/3")["notes"]?.text == "*good*")
    #expect(try await fixture.json("\(place)/trials/2")["notes"]?.text == "")
    #expect(try await fixture.send("PUT", "\(place)/notes", #"{"text": "all"}"#).status == .ok)
    #expect(try await fixture.json(place)["notes"]?.text == "all")
    // Whoever looks learns of it.
    #expect(try await fixture.store.summary(of: fixture.study).revision == revision + 3)
  }

  @Test("a dashboard that only shows changes nothing") func readOnly() async throws {
    let fixture = try await Fixture(isReadOnly: true)
    let before = try await fixture.store.summary(of: fixture.study)
    for (method, path) in [
      ("POST", "trials"), ("POST", "stop"), ("POST", "pause"), ("POST", "resume"),
      ("POST", "budget"), ("PUT", "notes"),
      ("POST", "trials/4/retry"), ("POST", "trials/11/stop"),
    ] {
      let response = try await fixture.send(
        method, "/api/v1/studies/1/\(path)", #"{"text": "x", "trials": 3, "params": {}}"#)
      #expect(response.status == .forbidden)
    }
    #expect(try await fixture.store.summary(of: fixture.study) == before)
  }

  @Test("a study that is deleted is gone, and others go on") func deletion() async throws {
    let fixture = try await Fixture()
    _ = try await fixture.json("/api/v1/studies/1")
    try fixture.store.delete(fixture.study)
    #expect(try await fixture.get("/api/v1/studies/1").status == .notFound)
    #expect(try await fixture.json("/api/v1/studies")["studies"]?.array?.isEmpty == true)
  }

  @Test("a space that is widened while it is watched") func widening() async throws {
    let fixture = try await Fixture()
    _ = try await fixture.json("/api/v1/studies/1")
    let wider = try SearchSpace([
      ParameterDeclaration(parsing: "lr=log(1e-6, 1)"),
      ParameterDeclaration(parsing: "opt=choice(adam, sgd, '<b>bold</b>', lion)"),
      ParameterDeclaration(parsing: "momentum=float(0, 0.99) if opt == sgd"),
    ])
    try fixture.store.extend(fixture.study, to: wider)
    let study = try await fixture.json("/api/v1/studies/1")
    #expect(study["parameters"]?.array?[1]["choices"]?.array?.count == 4)
    #expect(study["trials"]?.int == 12)
    #expect(try await fixture.json("/api/v1/studies/1/trials/11")["state"]?.text == "running")
  }

  @Test("studies are compared, seeds as one line") func comparison() async throws {
    let store = MemoryStore()
    for name in ["lr-1", "lr-2", "other"] { _ = try await Fixture(name, store: store) }
    let fixture = try await Fixture("last", store: store)
    let apart = try await fixture.get("/api/v1/compare.svg?studies=1,2,3")
    #expect(apart.text.contains(">lr-1<") && apart.text.contains(">lr-2<"))
    let joined = try await fixture.get("/api/v1/compare.svg?studies=1,2,3&together=true")
    #expect(joined.text.contains(">lr (2 studies)<") && joined.text.contains(">other<"))
    #expect(
      try await fixture.get("/api/v1/compare.svg?studies=1,2&objective=x").status == .conflict)
  }

  @Test("every route is described") func description() async throws {
    let fixture = try await Fixture()
    let document = try await fixture.json("/api/v1/openapi.json")
    let paths = try #require(document["paths"]?.members)
    #expect(paths.contains { $0.name == "/api/v1/studies/{study}/trials/{trial}/files/{path}" })
    let operations = paths.reduce(0) { $0 + ($1.value.members?.count ?? 0) }
    #expect(operations == fixture.dashboard.router.routes.count { $0.pattern.first == "api" })
    // What is taken is described as it is checked.
    let trials = try #require(paths.first { $0.name == "/api/v1/studies/{study}/trials" }?.value)
    let parameters = try #require(trials["get"]?["parameters"]?.array)
    let offset = try #require(parameters.first { $0["name"]?.text == "offset" })
    #expect(offset["schema"]?["minimum"]?.int == 0)
    let state = try #require(parameters.first { $0["name"]?.text == "state" })
    #expect(state["schema"]?["items"]?["enum"]?.array?.contains(.text("stale")) == true)
    let body = trials["post"]?["requestBody"]?["content"]?["application/json"]?["schema"]
    #expect(body?["required"] == .array([.text("params")]))
    #expect(trials["get"]?["requestBody"] == nil)
  }

  @Test("a method that a path does not have is refused, with those that it has")
  func methods() async throws {
    let fixture = try await Fixture()
    for method in ["DELETE", "OPTIONS", "TRACE", "PATCH"] {
      let response = try await fixture.send(method, "/api/v1/studies/1/trials", "{}")
      #expect(response.status == .methodNotAllowed)
      #expect(response[header: "Allow"] == "GET, POST, HEAD")
    }
    let response = try await fixture.send("PUT", "/api/v1/studies/1/budget", "{}")
    #expect(response.status == .methodNotAllowed)
    #expect(response[header: "Allow"] == "POST")
    // Whatever its body is.
    let put = try await fixture.send(
      "PUT", "/api/v1/studies/1/budget", "", headers: ["content-type": "text/plain"])
    #expect(put.status == .methodNotAllowed)
    #expect(try await fixture.get("/api/v1/studies/1/trials?reverse=maybe").status == .badRequest)
  }

  @Test("every answer has security headers") func guards() async throws {
    let fixture = try await Fixture()
    for target in ["/", "/api/v1", "/api/v1/studies/1/plots/history.svg", "/nothing"] {
      let response = try await fixture.get(target)
      #expect(response[header: "X-Content-Type-Options"] == "nosniff")
      #expect(response[header: "Content-Security-Policy"]?.contains("default-src 'none'") == true)
      #expect(response[header: "Access-Control-Allow-Origin"] == nil)
    }
  }
}

@Suite("Server-sent events") struct EventTests {
  @Test("a change comes with the trials concerned") func changes() async throws {
    let fixture = try await Fixture()
    let response = try await fixture.get("/api/v1/studies/1/events?after=0")
    guard case .stream(let pieces) = response.body else {
      Issue.record("no stream")
      return
    }
    var iterator = pieces.makeAsyncIterator()
    #expect(await iterator.next() == "retry: 1000\n\n")
    let first = try #require(await iterator.next())
    #expect(first.hasPrefix("event: change\nid: "))
    // Twelve trials are concerned, from the first event on.
    #expect(first.contains("\"changed\":[0,1,2,3,4,5,6,7,8,9,10,11]"))
    try fixture.append(.reported(attempt: 1, Report(epoch: 1, ["loss": 3])), 11)
    let second = try #require(await iterator.next())
    #expect(second.contains("\"changed\":[11]"))
    // Budgets change without an event.
    _ = try fixture.store.update(fixture.study) { $0.budget.trials = 7 }
    let third = try #require(await iterator.next())
    #expect(third.contains("\"trials\":7"))
    try fixture.store.delete(fixture.study)
    #expect(await iterator.next() == nil)
  }
}
