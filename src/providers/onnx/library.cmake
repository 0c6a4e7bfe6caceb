trawl_library(providers_onnx FOLDER providers/onnx DEPENDS trawl_providers trawl_text
  ${CMAKE_DL_LIBS})
