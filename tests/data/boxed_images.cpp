// Readers of images with boxes: what COCO's JSON and Pascal VOC's XML become, how images that Exif turns are met, and
// what is refused.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "lib/base/text.h"
#include "lib/data/image/orientation.h"
#include "lib/graph/boxes.h"
#include "tests/data/sets_for_test.h"
#include "tests/paths.h"

using namespace dl;
using namespace dl::testing;

namespace {

std::vector<BoxRow> boxes_of(const Dataset& data, int64_t index) {
  const std::string bytes = sample(data, index)[1];
  std::vector<BoxRow> rows(bytes.size() / sizeof(BoxRow));
  std::memcpy(rows.data(), bytes.data(), bytes.size());
  std::erase_if(rows, [](const BoxRow& row) { return !row.is_box(); });
  return rows;
}

// What is wrong with the files, without where they were named.
std::string plain(const std::string& problems) {
  return replaced(problems, {{"\n  named in DIR/run.yaml:1:9", ""}, {"data.train: ", ""}});
}

const char* const categories = R"("categories":[{"id":7,"name":"dog"},{"id":2,"name":"cat"}])";

// Two images of 8 x 6 (width x height), of which the second has nothing on it.
struct CocoFolder : Folder {
  CocoFolder() {
    std::filesystem::create_directories(path / "images");
    for (const char* name : {"images/a.png", "images/b.png"}) write(name, png(8, 6, 1, std::string(48, '\x40')));
    annotate(R"({"id":1,"image_id":10,"category_id":7,"bbox":[1,2,3.5,4],"iscrowd":0,"segmentation":[[1,2,3]]},
                {"id":2,"image_id":10,"category_id":2,"bbox":[0,0,8,6],"iscrowd":1})");
  }
  void annotate(const std::string& annotations, const std::string& rest = categories) {
    write("instances.json",
          R"({"info":{},"images":[{"id":10,"file_name":"a.png","height":6,"width":8},{"id":11,"file_name":"b.png"}],)"
          R"("annotations":[)" +
              annotations + "]," + rest + "}");
  }
  std::unique_ptr<OpenedForTest> opened(const std::string& keys = "", const std::string& transforms = "[]") {
    return open("{train: {format: coco, annotations: instances.json, images: images, channels: 1, max_boxes: 3" + keys +
                    "}, transforms: " + transforms + "}",
                path);
  }
  std::string refused(const std::string& keys = "") { return plain(opened(keys)->problems); }
};

std::string voc_object(const std::string& name, const std::string& box, const std::string& more = "") {
  return "<object><name>" + name + "</name>" + more + "<part><name>head</name><bndbox/></part><bndbox>" + box +
         "</bndbox></object>";
}
const char* const voc_box = "<xmin>2</xmin><ymin>3</ymin><xmax>4</xmax><ymax>6</ymax>";

struct VocFolder : Folder {
  VocFolder() {
    for (const char* name : {"JPEGImages", "Annotations", "ImageSets/Main"})
      std::filesystem::create_directories(path / name);
    for (const char* name : {"a", "b"}) write(concat("JPEGImages/", name, ".jpg"), png(8, 6, 1, std::string(48, 'x')));
    annotate("a", voc_object("dog", voc_box) + voc_object("cat", voc_box, "<difficult>1</difficult>"));
    annotate("b", "");
    write("ImageSets/Main/train.txt", "a  1\n\nb -1");
  }
  void annotate(const std::string& image, const std::string& objects) {
    write("Annotations/" + image + ".xml",
          "<?xml version=\"1.0\"?>\n<annotation><filename>" + image +
              ".jpg</filename><size><width>8</width><height>6</height><depth>3</depth></size>" + objects +
              "</annotation>");
  }
  std::unique_ptr<OpenedForTest> opened(const std::string& keys = "") {
    return open("{train: {format: voc, path: ., channels: 1, max_boxes: 3" + keys + "}}", path);
  }
  std::string refused(const std::string& keys = "") { return plain(opened(keys)->problems); }
};

}  // namespace

TEST_CASE("COCO's boxes are rows of corners and classes, whose ids may have gaps; images may have none") {
  CocoFolder folder;
  const auto opened = folder.opened();
  REQUIRE(opened->problems == "");
  const Dataset& data = *opened->sets.train;
  CHECK(data.size() == 2);
  CHECK(join(data.classes()) == "cat, dog");
  CHECK(data.fields()[1].type == Type{DType::f32, {3, 6}});
  CHECK(boxes_of(data, 0) ==
        std::vector<BoxRow>{{{1, 2, 4.5f, 6}, 1, BoxRow::counted}, {{0, 0, 8, 6}, 0, BoxRow::crowd}});
  CHECK(boxes_of(data, 1).empty());
  CHECK(data.warnings().empty());
}

TEST_CASE("boxes are stretched and cut with their image, and with the window of it that alone is decoded") {
  CocoFolder folder;
  CHECK(boxes_of(*folder.opened(", size: [12, 4]")->sets.train, 0)[0].box == Box{0.5f, 4, 2.25f, 12});
  CHECK(boxes_of(*folder.opened("", "[center_crop: [4, 4]]")->sets.train, 0) ==
        std::vector<BoxRow>{{{0, 1, 2.5f, 4}, 1, BoxRow::counted}, {{0, 0, 4, 4}, 0, BoxRow::crowd}});
}

TEST_CASE("boxes are cut off at the edges of the image, and what has no area or no image is left out and told") {
  CocoFolder folder;
  folder.annotate(R"({"image_id":10,"category_id":7,"bbox":[-3,-1,100,3]},
                     {"image_id":10,"category_id":7,"bbox":[1,1,0,3]},
                     {"image_id":11,"category_id":2,"bbox":[6,5,100,100]},
                     {"image_id":11,"category_id":2,"bbox":[60,50,1,1]})");
  std::filesystem::remove(folder.path / "images/b.png");
  const auto opened = folder.opened();
  REQUIRE(opened->problems == "");
  CHECK(opened->sets.train->size() == 1);
  CHECK(boxes_of(*opened->sets.train, 0) == std::vector<BoxRow>{{{0, 0, 8, 2}, 1, 0}});
  CHECK(warnings(folder, *opened->sets.train) ==
        "DIR/instances.json: left out: 1 image without a file, such as of DIR/images/b.png\n"
        "DIR/instances.json: left out: 1 box without an area in the image, such as of DIR/images/a.png\n");
  folder.annotate(
      R"({"image_id":10,"category_id":7,"bbox":[1,1,0,3]}, {"image_id":10,"category_id":7,"bbox":[1,1,3,0]})");
  CHECK(warnings(folder, *folder.opened()->sets.train) ==
        "DIR/instances.json: left out: 1 image without a file, such as of DIR/images/b.png\n"
        "DIR/instances.json: left out: 2 boxes without an area in the image, such as of DIR/images/a.png\n");
  folder.annotate(R"({"image_id":11,"category_id":2,"bbox":[6,5,100,100]})");
  folder.write("images/b.png", png(8, 6, 1, std::string(48, '\x40')));
  CHECK(boxes_of(*folder.opened()->sets.train, 1) == std::vector<BoxRow>{{{6, 5, 8, 6}, 0, 0}});
}

TEST_CASE("boxes that are no pixels of their image, or corners for sizes, are told") {
  CocoFolder folder;
  const auto warned = [&](const std::string& box, int64_t others) {
    std::string all;
    for (int64_t i = 0; i < 20; ++i)
      all += concat(i > 0 ? "," : "", R"({"image_id":10,"category_id":7,"bbox":)", i < others ? "[1,1,2,2]" : box, "}");
    folder.annotate(all);
    const auto opened =
        open("{train: {format: coco, annotations: instances.json, images: images, channels: 1}}", folder.path);
    CHECK(opened->problems == "");
    return warnings(folder, *opened->sets.train);
  };
  CHECK(warned("[4,3,4,3]", 0) == "");
  CHECK(warned("[4,3,8,6]", 19) == "");
  CHECK(warned("[4,3,8,6]", 18) ==
        "DIR/instances.json: 2 of 20 boxes reach beyond their image and are cut off at its edges, such as of "
        "DIR/images/a.png\n  help: see that they are pixels of these images: COCO's are [left, top, width, height]\n");
  CHECK(warned("[0.5,0.5,0.25,0.5]", 0) ==
        "DIR/instances.json: all of 20 boxes lie within the first pixel of their image\n  help: multiply them by the "
        "image's width and height if they are shares of these\n");
}

TEST_CASE("a file that is not COCO's is refused by the place in it") {
  CocoFolder folder;
  const auto refused = [&](const std::string& annotations, const std::string& rest = categories) {
    folder.annotate(annotations, rest);
    return folder.refused();
  };
  const std::string begin = "error: DIR/instances.json: ";
  CHECK(refused("{") == begin + "expected JSON, which it stops to be at byte 120");
  CHECK(refused(R"({"image_id":10,"category_id":2,"bbox":[1,2,3,1e999]})") ==
        begin + "expected JSON, it has a number that is too large");
  CHECK(refused(R"({"image_id":10,"category_id":3,"bbox":[1,2,3,4]})") ==
        begin + "annotations[0].category_id: there is no category with the id 3\n  help: list it in 'categories'");
  CHECK(refused(R"({"image_id":12,"category_id":2,"bbox":[1,2,3,4]})") ==
        begin + "annotations[0].image_id: there is no image with the id 12");
  CHECK(refused(R"({"image_id":10,"category_id":2,"bbox":[1,2,-3,4]})") ==
        begin + "annotations[0].bbox: expected [left, top, width, height], found [1,2,-3,4]");
  CHECK(refused(R"({"image_id":10,"category_id":2,"bbox":[1,2,[[3]],4]})") ==
        begin + "annotations[0].bbox: expected [left, top, width, height], found array");
  CHECK(refused(R"({"image_id":10,"category_id":2})") == begin + "annotations[0]: has no 'bbox'");
  CHECK(refused(R"({"image_id":"10","category_id":2})") ==
        begin + "annotations[0].image_id: expected a whole number, found \"10\"");
  CHECK(refused(R"({"image_id":18446744073709551606,"category_id":2})") ==
        begin + "annotations[0].image_id: expected a whole number, found 18446744073709551606");
  CHECK(refused("3") == begin + "annotations[0]: expected an object, found number");
  CHECK(refused("", R"("categories":3)") ==
        begin +
            "categories: expected a list, found number\n  help: give a file of COCO's instances, with 'images', "
            "'annotations' and 'categories'");
  CHECK(refused("", R"("categories":[{"id":1,"name":"a"},{"id":1,"name":"b"}])") ==
        begin + "categories: two have the id 1");
  CHECK(refused("", R"("categories":[{"id":1,"name":"a"},{"id":2,"name":"a"}])") ==
        begin + "categories: two are named 'a'");
  std::string four;
  for (int i = 0; i < 4; ++i) four += concat(i ? "," : "", R"({"image_id":10,"category_id":2,"bbox":[0,0,1,1]})");
  CHECK(refused(four) == begin +
                             "expected at most 3 boxes on an image, found 4 on DIR/images/a.png\n  help: write "
                             "'max_boxes: 4' or more");
  folder.annotate("");
  std::filesystem::remove_all(folder.path / "images");
  std::filesystem::create_directories(folder.path / "images");
  CHECK(folder.refused() == begin +
                                "none of its 2 images is there; looked for DIR/images/a.png\n  help: name the "
                                "folder that the images' names begin in");
}

TEST_CASE("COCO's file is refused in words or read wherever it is cut, and with any byte changed") {
  CocoFolder folder;
  const std::string whole = folder.text("instances.json");
  for (size_t i = 0; i < whole.size(); i += 3) {
    folder.write("instances.json", whole.substr(0, i));
    CHECK(folder.opened()->problems != "");
    std::string changed = whole;
    changed[i] = static_cast<char>(changed[i] ^ (1 << i % 7));
    folder.write("instances.json", changed);
    const auto opened = folder.opened();
    if (opened->problems == "")
      for (int64_t k = 0; k < opened->sets.train->size(); ++k) error_text([&] { sample(*opened->sets.train, k); });
  }
  folder.write("instances.json", std::string(200000, '[') + "1");
  CHECK(folder.opened()->problems != "");
}

TEST_CASE("an image that Exif turns has its boxes turned too, unless they were drawn on it as it stands") {
  for (int orientation = 1; orientation <= 8; ++orientation) {
    CAPTURE(orientation);
    // One pixel of the stored image, of 3 x 2, and where turn_upright() puts it.
    const Pair stored{3, 2};
    std::vector<uint8_t> image(6), turned(6);
    image[2 * 2 + 1] = 1;  // row 2, column 1
    turn_upright(image.data(), stored, 1, orientation, whole_image(upright(stored, orientation)), turned.data());
    const auto at = static_cast<int64_t>(std::ranges::find(turned, 1) - turned.begin());
    const int64_t w = upright(stored, orientation).w;
    const Box box = upright_box({1, 2, 2, 3}, stored, orientation);
    CHECK(box == Box{float(at % w), float(at / w), float(at % w + 1), float(at / w + 1)});
  }
}

TEST_CASE("Pascal VOC's corners count from 1; difficult objects are left out of learning unless they are asked for") {
  VocFolder folder;
  const auto opened = folder.opened(", split: train");
  REQUIRE(opened->problems == "");
  const Dataset& data = *opened->sets.train;
  CHECK(data.size() == 2);
  CHECK(join(data.classes()) == "cat, dog");
  CHECK(boxes_of(data, 0) ==
        std::vector<BoxRow>{{{1, 2, 4, 6}, 1, BoxRow::counted}, {{1, 2, 4, 6}, 0, BoxRow::left_out}});
  CHECK(boxes_of(data, 1).empty());
  CHECK(boxes_of(*folder.opened(", difficult: true")->sets.train, 0)[1].more == BoxRow::counted);
}

TEST_CASE("Pascal VOC's files that are broken are refused by name and place") {
  VocFolder folder;
  const auto refused = [&](const std::string& text) {
    folder.write("Annotations/a.xml", text);
    return folder.refused();
  };
  const std::string begin = "error: DIR/./Annotations/a.xml";
  CHECK(refused("<annotation>\n<object>") == begin + ":2: expected XML: start-end tags mismatch");
  CHECK(refused("") == begin + ":1: expected XML: no document element found");
  CHECK(refused("<html/>") == begin + ": expected an element 'annotation', there is none");
  CHECK(refused("<annotation><object/></annotation>") == begin + ": object[0]: has no 'name'");
  CHECK(refused("<annotation>" + voc_object("dog", "<xmin>1</xmin>") + "</annotation>") ==
        begin + ": object[0].bndbox.ymin: expected a number, there is none");
  CHECK(refused("<annotation>" + voc_object("dog", "<xmin>one</xmin>") + "</annotation>") ==
        begin + ": object[0].bndbox.xmin: expected a number, found 'one'");
  folder.annotate("a", voc_object("dog", voc_box));
  folder.write("JPEGImages/a.jpg", png(6, 8, 1, std::string(48, 'x')));
  const auto opened = folder.opened(", size: [6, 8]");
  CHECK(error_text(folder, [&] { sample(*opened->sets.train, 0); }) ==
        "error: DIR/./JPEGImages/a.jpg: expected an image of 6 x 8 pixels (height x width) as its annotations say, "
        "found 8 x 6\n  help: get the image again that the boxes were drawn on, or mend its annotations");
  folder.write("ImageSets/Main/val.txt", "c");
  CHECK(folder.refused(", split: val").find("Annotations/c.xml") != std::string::npos);
}

TEST_CASE("Pascal VOC's images may have another ending than .jpg, and hidden files are no annotations") {
  VocFolder folder;
  std::filesystem::rename(folder / "JPEGImages/a.jpg", folder / "JPEGImages/a.PNG");
  std::filesystem::rename(folder / "JPEGImages/b.jpg", folder / "JPEGImages/b.bmp");
  folder.write("Annotations/._a.xml", std::string("\0\5\x16\7", 4));  // what a Mac puts beside a.xml
  const auto opened = folder.opened();
  REQUIRE(opened->problems == "");
  CHECK(opened->sets.train->size() == 2);
  CHECK(opened->sets.train->place(0).file == (folder / "./JPEGImages/a.PNG").string());
  CHECK(warnings(folder, *opened->sets.train) == "");
}

TEST_CASE("a class that the training part does not know is refused") {
  VocFolder folder;
  folder.annotate("b", voc_object("owl", voc_box));
  folder.write("ImageSets/Main/train.txt", "a");
  folder.write("ImageSets/Main/val.txt", "b");
  const auto opened = open(
      "{train: {format: voc, path: ., split: train, channels: 1}, validation: {format: voc, path: ., split: val, "
      "channels: 1}}",
      folder.path);
  CHECK(folder.placeless(opened->problems) ==
        "error: DIR/./Annotations/b.xml: object[0]: the class 'owl' is none of the 2 classes of the data\n  named in "
        "DIR/run.yaml:1:72\n  help: name "
        "it among the classes of the set's description");
}

TEST_CASE("tiny_scenes is what its description says") {
  const auto opened = open("{train: tiny_scenes}", dl::testing::source_dir());
  REQUIRE(opened->problems == "");
  CHECK(join(opened->sets.classes) == "circle, square, triangle");
  CHECK(opened->sets.train->size() == 96);
  CHECK(opened->sets.test->size() == 32);
  size_t boxes = 0;
  for (int64_t i = 0; i < opened->sets.train->size(); ++i) boxes += boxes_of(*opened->sets.train, i).size();
  CHECK(boxes == 188);
}
