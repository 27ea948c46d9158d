muster_library(api RANK 1
  SRCS scan.cc json_fields_json.cc codec_json.cc core_json.cc pod_json.cc pod_needs_json.cc
       storage_json.cc tenant_json.cc job_json.cc job_status_json.cc workflow_json.cc
       write_json.cc write_status_json.cc status_patch_json.cc template_json.cc security_json.cc
       api_servers_json.cc leader_mark_json.cc environment_json.cc render_pod_json.cc render_objects_json.cc
       render_workflow_json.cc render_tenant_json.cc
  DEPS base
  EXTERNAL nlohmann_json::nlohmann_json)
muster_test(api/codec_test DEPS muster::api)
muster_test(api/render_pod_test DEPS muster::api)
muster_test(api/pod_test DEPS muster::api)
muster_test(api/leader_mark_test DEPS muster::api)
muster_test(api/storage_test DEPS muster::api)
muster_test(api/poison_test DEPS muster::api)
muster_test(api/status_patch_test DEPS muster::api)
muster_test(api/render_tenant_test DEPS muster::api)
add_executable(api.schema_probe tests/api/schema_probe.cc)
target_include_directories(api.schema_probe PRIVATE src)
target_link_libraries(api.schema_probe PRIVATE muster::api nlohmann_json::nlohmann_json)
add_test(NAME api.schema_test
         COMMAND python3 ${CMAKE_SOURCE_DIR}/tests/api/schema_test.py
                 $<TARGET_FILE:api.schema_probe>)
set_tests_properties(api.schema_test PROPERTIES LABELS "unit")
