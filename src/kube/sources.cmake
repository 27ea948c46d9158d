muster_library(kube RANK 2
  SRCS backoff.cc client.cc counting_transport.cc cpprest_transport.cc credentials.cc
       exec_credential_json.cc exec_plugin.cc files.cc http_cpprest.cc kubeconfig_yaml.cc leader_election.cc lease_json.cc
       paths.cc reflector.cc scan_json.cc service_account.cc status_json.cc tls.cc work_queue.cc
  DEPS base api
  EXTERNAL cpprestsdk::cpprest nlohmann_json::nlohmann_json OpenSSL::SSL Threads::Threads
           yaml-cpp)

# The fake API server (tests/testing/fake_api_server.h), for every test that talks to Kubernetes.
add_library(muster_fake_api STATIC EXCLUDE_FROM_ALL
  ${CMAKE_SOURCE_DIR}/tests/testing/fake_api_impl.cc
  ${CMAKE_SOURCE_DIR}/tests/testing/fake_api_server.cc
  ${CMAKE_SOURCE_DIR}/tests/testing/fake_store.cc
  ${CMAKE_SOURCE_DIR}/tests/testing/fake_verbs.cc)
add_library(muster::fake_api ALIAS muster_fake_api)
target_include_directories(muster_fake_api PUBLIC ${CMAKE_SOURCE_DIR}/tests)
target_compile_options(muster_fake_api PRIVATE ${MUSTER_WARNINGS})
target_link_libraries(muster_fake_api PUBLIC muster::kube PRIVATE nlohmann_json::nlohmann_json)

muster_test(kube/client_test DEPS muster::fake_api LABELS threads)
muster_test(kube/counting_transport_test DEPS muster::fake_api LABELS threads)
muster_test(kube/reflector_test DEPS muster::fake_api LABELS threads)
muster_test(kube/leader_election_test DEPS muster::fake_api LABELS threads)
muster_test(kube/work_queue_test DEPS muster::kube)
muster_test(kube/kubeconfig_test DEPS muster::kube)
muster_test(kube/json_test DEPS muster::kube)
muster_test(kube/transport_test DEPS muster::kube nlohmann_json::nlohmann_json LABELS threads)

# Needs a real API server: MUSTER_TEST_KUBECONFIG.
muster_test(kube/real_api_test DEPS muster::kube nlohmann_json::nlohmann_json LABELS e2e)
