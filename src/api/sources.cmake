muster_library(api RANK 1
  SRCS scan.cc json_fields_json.cc codec_json.cc core_json.cc pod_json.cc pod_needs_json.cc
       tenant_json.cc job_json.cc job_status_json.cc workflow_json.cc
  DEPS base
  EXTERNAL nlohmann_json::nlohmann_json)
