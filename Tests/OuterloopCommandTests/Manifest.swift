import Foundation
import Testing

/// An indexed Job as Kubernetes reads it, as far as these tests know its schema.
struct Manifest {
  let args: [String]
  let image, secret: String?
  /// What is not as the schema has it.
  private(set) var problems: [String] = []

  init(_ root: [String: Any]) throws {
    let spec = try #require(root["spec"] as? [String: Any])
    let template = try #require(spec["template"] as? [String: Any])
    let pod = try #require(template["spec"] as? [String: Any])
    let container = try #require((pod["containers"] as? [[String: Any]])?.first)
    args = try #require(container["args"] as? [String])
    image = container["image"] as? String
    let source = (container["env"] as? [[String: Any]])?.first?["valueFrom"] as? [String: Any]
    secret = (source?["secretKeyRef"] as? [String: Any])?["name"] as? String

    keys(of: root, "", ["apiVersion", "kind", "metadata", "spec"])
    keys(
      of: spec, "spec",
      [
        "completionMode", "completions", "parallelism", "backoffLimit", "activeDeadlineSeconds",
        "podFailurePolicy", "template",
      ])
    keys(of: template, "template", ["metadata", "spec"])
    keys(
      of: pod, "template.spec",
      [
        "restartPolicy", "shareProcessNamespace", "terminationGracePeriodSeconds", "containers",
        "volumes",
      ])
    keys(
      of: container, "container",
      ["name", "image", "command", "args", "env", "resources", "volumeMounts"])
    value(root["apiVersion"], "batch/v1", "apiVersion")
    value(root["kind"], "Job", "kind")
    value(spec["completionMode"], "Indexed", "completionMode")
    // A policy for failures of pods asks for it.
    value(pod["restartPolicy"], "Never", "restartPolicy")
    for name in ["completions", "parallelism", "backoffLimit"] where (spec[name] as? Int ?? 0) < 1 {
      problems.append("\(name) is \(spec[name] ?? "missing")")
    }
    let metadata = try #require(root["metadata"] as? [String: Any])
    name(metadata["name"], "metadata.name")
    let labels = (metadata["labels"] as? [String: Any]) ?? [:]
    for (key, value) in labels { name(value, "label \(key)") }
    let podLabels = (template["metadata"] as? [String: Any])?["labels"] as? [String: Any]
    if podLabels?["outerloop/study"] as? String != labels["outerloop/study"] as? String {
      problems.append("pods have other labels than their job")
    }
    let rules = ((spec["podFailurePolicy"] as? [String: Any])?["rules"] as? [[String: Any]]) ?? []
    for rule in rules {
      guard let exits = rule["onExitCodes"] as? [String: Any] else { continue }
      value(exits["containerName"], container["name"] as? String ?? "", "rule's container")
    }
  }

  private mutating func keys(of part: [String: Any], _ name: String, _ known: Set<String>) {
    for key in part.keys where !known.contains(key) { problems.append("\(name) has \(key)") }
  }

  private mutating func value(_ found: Any?, _ wanted: String, _ name: String) {
    if found as? String != wanted { problems.append("\(name) is \(found ?? "missing")") }
  }

  /// Labels of DNS, as names of jobs and values of labels are.
  private mutating func name(_ found: Any?, _ place: String) {
    let text = found as? String ?? ""
    let isName =
      (1...63).contains(text.utf8.count) && text.first != "-" && text.last != "-"
      && text.utf8.allSatisfy {
        (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2D
      }
    if !isName { problems.append("\(place) is `\(text)`") }
  }
}
